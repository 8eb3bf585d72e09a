import { type FrameLayout, HOST_LAYOUTS, TERMINAL_LAYOUTS } from '../inspect/layout.ts';
import { compile } from '../iso8583/compile.ts';
import type { Dialect } from '../iso8583/dialect.ts';
import type { Codec } from '../iso8583/message.ts';
import { CUP, cup } from './cup.ts';
import {
  ISO_1987_ASCII,
  ISO_1987_BINARY,
  ISO_1987_EBCDIC,
  iso1987Ascii,
  iso1987Binary,
  iso1987Ebcdic,
} from './iso-1987.ts';
import { ISO_1993_ASCII, ISO_1993_BINARY, iso1993Ascii, iso1993Binary } from './iso-1993.ts';

/** A dialect with its codec and the layouts in which its frames turn up. */
export interface KnownDialect {
  readonly dialect: Dialect;
  readonly codec: Codec;
  readonly layouts: readonly FrameLayout[];
}

const host = (dialect: Dialect, codec: Codec): KnownDialect => ({
  dialect,
  codec,
  layouts: HOST_LAYOUTS,
});

/** The dialects that come with posp, by name. */
export const DIALECTS: Readonly<Record<string, KnownDialect>> = {
  cup: { dialect: CUP, codec: cup, layouts: TERMINAL_LAYOUTS },
  'iso-1987-ascii': host(ISO_1987_ASCII, iso1987Ascii),
  'iso-1987-binary': host(ISO_1987_BINARY, iso1987Binary),
  'iso-1987-ebcdic': host(ISO_1987_EBCDIC, iso1987Ebcdic),
  'iso-1993-ascii': host(ISO_1993_ASCII, iso1993Ascii),
  'iso-1993-binary': host(ISO_1993_BINARY, iso1993Binary),
};

/** A dialect from elsewhere, e.g. a file; its frames may turn up in any of the known layouts. */
export function foreignDialect(dialect: Dialect): KnownDialect {
  const layouts = [...TERMINAL_LAYOUTS, ...HOST_LAYOUTS].filter(
    (layout, index, all) => all.findIndex(({ id }) => id === layout.id) === index,
  );
  return { dialect, codec: compile(dialect), layouts };
}
