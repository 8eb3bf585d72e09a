/**
 * Reads a configuration file: YAML, overridden by environment variables, checked against the schema.
 * A wrong file is refused whole; every fault names file, line, and what was expected.
 */
import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { knownKeys } from './known-keys.ts';
import { type Config, configSchema } from './schema.ts';

/** A configuration that cannot be used: each fault is one line of `message`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** Where an override stands: `POSP__HTTP__PORT=8081` sets `http.port`. */
const OVERRIDE_PREFIX = 'POSP__';

/**
 * Loads, overrides and checks the file. Throws ConfigError for a file that is missing, is not YAML,
 * or does not fit the schema.
 */
export function loadConfig(path: string, environment: NodeJS.ProcessEnv = process.env): Config {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigError(document.errors.map((error) => `${path}: ${firstLine(error.message)}`));
  }
  const overridden = new Map<string, { name: string; keys: (string | number)[]; text: string }>();
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(OVERRIDE_PREFIX) || value === undefined) continue;
    const keys = name.slice(OVERRIDE_PREFIX.length).split('__').map(keyOf);
    document.setIn(keys, scalarOf(value));
    overridden.set(keys.join('.'), { name, keys, text: value });
  }
  let checked = configSchema.safeParse(document.toJS() ?? {});
  if (checked.success) return checked.data;
  // An environment variable has no types: `4802` may be a number or an id. Where the schema wants text it gets text.
  for (const { code, path: keys } of checked.error.issues) {
    const override = overridden.get(keys.join('.'));
    if (code === 'invalid_type' && override !== undefined) {
      document.setIn(override.keys, override.text);
    }
  }
  checked = configSchema.safeParse(document.toJS() ?? {});
  if (checked.success) return checked.data;
  const place = (keys: PropertyKey[]) =>
    overridden.get(keys.join('.'))?.name ?? `${path}:${lineOf(document, lines, keys)}`;
  throw new ConfigError(checked.error.issues.flatMap((issue) => sentencesOf(issue, place)));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}

/** `DATA_DIR` names `dataDir`; a number names an element of a list. */
function keyOf(part: string): string | number {
  if (/^\d+$/.test(part)) return Number(part);
  return part.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

/** The line of the deepest key of the path that the file has. */
function lineOf(
  document: ReturnType<typeof parseDocument>,
  lines: LineCounter,
  keys: PropertyKey[],
): number {
  for (let depth = keys.length; depth >= 0; depth--) {
    const node = document.getIn(keys.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function sentencesOf(issue: z.core.$ZodIssue, place: (keys: PropertyKey[]) => string): string[] {
  const { path } = issue;
  const name = path.join('.') || 'the file';
  if (issue.code !== 'unrecognized_keys') return [`${place(path)}: ${name}: ${issue.message}`];
  const known = knownKeys(path).join(', ');
  return issue.keys.map(
    (key) => `${place([...path, key])}: ${name}: "${key}" is not known; expected: ${known}`,
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
