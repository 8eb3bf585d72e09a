import { type FrameLayout, TERMINAL_LAYOUTS } from '../inspect/layout.ts';
import type { Dialect } from '../iso8583/dialect.ts';
import type { Codec } from '../iso8583/message.ts';
import { CUP, cup } from './cup.ts';

/** A dialect with its codec and the layouts in which its frames turn up. */
export interface KnownDialect {
  readonly dialect: Dialect;
  readonly codec: Codec;
  readonly layouts: readonly FrameLayout[];
}

/** The dialects that come with posp, by name. */
export const DIALECTS: Readonly<Record<string, KnownDialect>> = {
  cup: { dialect: CUP, codec: cup, layouts: TERMINAL_LAYOUTS },
};
