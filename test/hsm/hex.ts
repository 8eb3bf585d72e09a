import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function bytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

export function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex').toUpperCase();
}

/** A file of published and computed examples; tests run from the repository's root. */
export function fixture<T>(name: string): T {
  return JSON.parse(
    readFileSync(join(process.cwd(), 'test', 'fixtures', 'hsm', name), 'utf8'),
  ) as T;
}

export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'no error';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `other: ${error}`;
  }
}
