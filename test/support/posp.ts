/** Runs the `posp` command as a process of its own. */
import './plain-children.ts';
import { execFile } from 'node:child_process';
import { CLI } from './serve.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** `input` is what it reads from stdin, `node` what node itself is told. */
export function posp(
  args: string[],
  environment: Record<string, string> = {},
  input = '',
  node: string[] = [],
): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    const options = { env, maxBuffer: 64 << 20 };
    const words = [...node, CLI, ...args];
    const child = execFile(process.execPath, words, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** The one JSON document on stdout. */
export function documentOf({ stdout }: Ran): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}
