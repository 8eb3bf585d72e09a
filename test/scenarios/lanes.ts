/** Many terminals that share the lines of a table among them. */
import { cardNumberOf } from '../../switch/card-numbers.ts';
import type { Player } from './player.ts';

export const OPENING_FEN = 100_000;

/** Serials before this have something special, or belong to other tests. */
const FIRST_SERIAL = 20;
const FIRST_TERMINAL = 20_000_001;
const TERMINALS_MAX = 96;

/** Terminals and cards enough for long tables. */
export const SCENARIO_SETTINGS: Record<string, string> = {
  POSP__FIRST_START__TERMINALS__0__FROM: String(FIRST_TERMINAL),
  POSP__FIRST_START__TERMINALS__0__TO: String(FIRST_TERMINAL + TERMINALS_MAX - 1),
  POSP__FIRST_START__CARDS__0__COUNT: '999',
};

export function terminalIds(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(FIRST_TERMINAL + at));
}

/** The card of ours that a line has for itself. */
export function ownCard(index: number): string {
  return cardNumberOf('621999000000000', 3, FIRST_SERIAL + index);
}

export interface Played {
  /** Of every script. */
  codes: string[];
  /** Of the settlement after it: `00:1` when terminal and switch have the same totals. */
  settlements: string[];
}

/** Every player takes the next script when it is done with one, and has settled. */
export async function playAll(
  players: Player[],
  scripts: string[],
  cardOf: (index: number) => string,
  played: (player: Player, index: number) => Promise<void> = async () => {},
  left: () => void = () => {},
): Promise<Played> {
  const codes: string[] = [];
  const settlements: string[] = [];
  let next = 0;
  const lanes = players.map(async (player) => {
    await player.start();
    while (next < scripts.length) {
      const index = next++;
      codes[index] = await player.play(scripts[index]!, cardOf(index)).catch((error: Error) => {
        throw new Error(`${scripts[index]}: ${error.message}`, { cause: error });
      });
      await played(player, index);
      settlements[index] = await player.settle();
    }
    player.terminal.disconnect();
    left();
  });
  await Promise.all(lanes);
  return { codes, settlements };
}
