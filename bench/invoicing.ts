/**
 * E-invoicing: signatures alone; bills through the journal, from their charge to the stored signature;
 * and how long after a payment's answer its bill is there while payments keep coming.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import { issued } from './invoicing/issued.ts';
import { signed } from './invoicing/signed.ts';

export const benchmark: Benchmark = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-bench-invoicing-'));
  try {
    return [
      ...(await signed(join(folder, 'signed'), options)),
      ...(await issued(join(folder, 'issued'), options)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
