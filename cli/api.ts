import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  formatSignature,
  SIGNATURE_DIGESTS,
  type SignatureAlgorithm,
  signatureOf,
} from '../api/access/signature.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';

interface SignOptions {
  client: string;
  key: string;
  keyFile?: string;
  algorithm: string;
  body: string;
  idempotencyKey: string;
  json?: boolean;
}

/** `posp api …`: help for those who call the HTTP API. */
export function addApiCommand(program: Command): void {
  const api = program
    .command('api')
    .description('The HTTP API (接口)')
    .addHelpText('after', '\nExample:\n  $ posp api sign GET /v1/modules\n');
  api
    .command('sign <method> <path>')
    .description('Print the Authorization header of one call; the path with its query')
    .option('--client <id>', 'who calls', 'his')
    .option('--key <text>', "the client's key (default: the sample hospital's)", 'sample-his-key')
    .option('--key-file <file>', 'file with the key')
    .option('--algorithm <name>', 'HMAC-SM3 or HMAC-SHA256', 'HMAC-SM3')
    .option('--body <text>', 'the body as it will be sent; @FILE for a file', '')
    .option('--idempotency-key <text>', 'value of the header Idempotency-Key', '')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ curl -H "$(posp api sign GET /v1/modules)" http://127.0.0.1:8580/v1/modules\n',
    )
    .action(action(sign));
}

function sign(method: string, pathAndQuery: string, options: SignOptions): ExitCode {
  const { client, body, idempotencyKey, json } = options;
  if (!(options.algorithm in SIGNATURE_DIGESTS)) {
    throw new UsageError(`--algorithm: HMAC-SM3 or HMAC-SHA256, not ${options.algorithm}`);
  }
  if (!pathAndQuery.startsWith('/')) {
    throw new UsageError('the path starts with /, without the name of the host');
  }
  const algorithm = options.algorithm as SignatureAlgorithm;
  const [path, query = ''] = splitOnce(pathAndQuery, '?');
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const nonce = randomBytes(16).toString('hex');
  const bytes = body.startsWith('@') ? read(body.slice(1)) : Buffer.from(body, 'utf8');
  const key = options.keyFile === undefined ? options.key : read(options.keyFile).toString().trim();
  const call = { method, path, query, body: bytes, idempotencyKey };
  const header = { algorithm, client, timestamp, nonce };
  const signature = signatureOf(Buffer.from(key, 'utf8'), header, call);
  const authorization = formatSignature({ ...header, signature });
  if (json) printJson({ authorization });
  else printLine(`Authorization: ${authorization}`);
  return EXIT.ok;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new UsageError(`${path} cannot be read`);
  }
}
