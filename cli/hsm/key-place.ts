/** Where a key ceremony puts its key: a name in the registry, or terminals. */
import { UsageError } from '../command.ts';
import type { KeyPlace } from '../system/keys/record.ts';

export interface PlaceOptions {
  name?: string;
  terminals?: string;
}

export function placeOf({ name, terminals }: PlaceOptions): KeyPlace | undefined {
  if (name === undefined && terminals === undefined) return undefined;
  return {
    ...(name === undefined ? {} : { name }),
    ...(terminals === undefined ? {} : { terminals: terminalIds(terminals) }),
  };
}

/** More than any deployment has; a range with a digit too few would name millions. */
const TERMINALS_MAX = 100_000;

/** `10000001,10000003-10000016` as single numbers. */
function terminalIds(text: string): string[] {
  let left = TERMINALS_MAX;
  return text.split(',').flatMap((part) => {
    const [, from, to = from] = /^\s*(\d{8})(?:-(\d{8}))?\s*$/.exec(part) ?? [];
    const count = Number(to) - Number(from) + 1;
    if (from === undefined || count < 1) {
      throw new UsageError(`--terminals: ${part} is no terminal number of 8 digits, and no range`);
    }
    left -= count;
    if (left < 0) throw new UsageError(`--terminals: more than ${TERMINALS_MAX} terminals`);
    return Array.from({ length: count }, (_, at) => String(Number(from) + at).padStart(8, '0'));
  });
}
