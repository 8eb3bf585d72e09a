/**
 * Who holds which numbers. Numbers come from the fiscal side to the unit, go down the tree of issuing
 * points and back up, and end as a bill, a red bill, a paper that was printed, or a void record.
 * A holder's equation always holds: what came in = what went out + what was used + what is left.
 */
import { countOf, type Range, withoutRange, withRange } from './ranges.ts';

export type Medium = 'electronic' | 'paper';

/** The unit itself as a holder; every other holder is an issuing point's code. */
export const UNIT_HOLDER = '';

/** How numbers came and went. */
export const MOVEMENTS = [
  /** 领入: from the fiscal side or, for a point, from above. */
  'received',
  /** 退入: given back from below. */
  'returnedIn',
  /** 分发: given to below. */
  'distributed',
  /** 退回: given back to above. */
  'returnedOut',
  /** 正票, or a paper that was printed. */
  'issued',
  /** 红票. */
  'red',
  /** 作废. */
  'void',
] as const;

export type Movement = (typeof MOVEMENTS)[number];
export type Movements = Record<Movement, number>;

export const NO_MOVEMENTS: Movements = {
  received: 0,
  returnedIn: 0,
  distributed: 0,
  returnedOut: 0,
  issued: 0,
  red: 0,
  void: 0,
};

export interface Holding {
  institution: string;
  medium: Medium;
  billCode: string;
  /** Unit or issuing point. */
  holder: string;
  free: Range[];
  moved: Movements;
}

/** 1 brings numbers in, -1 takes them out. */
export const DIRECTION: Record<Movement, 1 | -1> = {
  received: 1,
  returnedIn: 1,
  distributed: -1,
  returnedOut: -1,
  issued: -1,
  red: -1,
  void: -1,
};

export function emptyHolding(place: Omit<Holding, 'free' | 'moved'>): Holding {
  const { institution, medium, billCode, holder } = place;
  return { institution, medium, billCode, holder, free: [], moved: { ...NO_MOVEMENTS } };
}

/** The holding after numbers came or went. The caller has checked that it holds what goes. */
export function move(holding: Holding, movement: Movement, ranges: readonly Range[]): Holding {
  const change = DIRECTION[movement] === 1 ? withRange : withoutRange;
  const free = ranges.reduce<Range[]>(change, holding.free);
  const moved = { ...holding.moved, [movement]: holding.moved[movement] + countOf(ranges) };
  return { ...holding, free, moved };
}

/** In less out: must be what is free. */
export function balanceOf(moved: Movements): number {
  return MOVEMENTS.reduce((sum, movement) => sum + DIRECTION[movement] * moved[movement], 0);
}

export function holdingKey(place: Omit<Holding, 'free' | 'moved'>): string {
  const { institution, medium, billCode, holder } = place;
  return `${institution}|${medium}|${billCode}|${holder}`;
}

/** Ten digits, as bills print it. */
export function numberText(value: number, digits = 10): string {
  return String(value).padStart(digits, '0');
}
