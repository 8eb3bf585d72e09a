import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(process.cwd(), 'test/fixtures/protocols');

export function fixtureText(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** One frame of cup-frames.json. */
export interface CupVector {
  readonly name: string;
  readonly hex: string;
  readonly expected: {
    readonly layout: string;
    readonly tpdu: string | null;
    readonly header: string | null;
    readonly mti: string;
    readonly bitmap: string;
    readonly fields?: Readonly<Record<string, string>>;
    readonly trailing_bytes: number;
    readonly work_keys?: Readonly<Record<string, { readonly kcv_in_frame: string }>>;
  };
}

const FRAMES = JSON.parse(fixtureText('cup-frames.json')) as { readonly frames: CupVector[] };

/** All frames, also the ones that are wrong on purpose. */
export const CUP_VECTORS: readonly CupVector[] = FRAMES.frames;

/** The frame with this name, as bytes. */
export function cupFrame(name: string): Buffer {
  const vector = CUP_VECTORS.find((candidate) => candidate.name === name);
  if (vector === undefined) throw new Error(`there is no vector ${name}`);
  return Buffer.from(vector.hex, 'hex');
}

/** The message of a frame with length, TPDU and header in front. */
export function cupBody(name: string): Buffer {
  return cupFrame(name).subarray(13);
}
