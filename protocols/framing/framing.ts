/** How messages are wrapped on one listener or link. */
export interface Framing {
  /**
   * What stands in front of a frame: a big-endian binary count, four BCD digits, four ASCII digits,
   * or nothing (every frame has the same size). The count does not include itself.
   */
  readonly length: '2-byte-binary' | '2-byte-bcd' | '4-byte-ascii' | { readonly fixed: number };
  /** 5 bytes: protocol id 60, destination address, source address. */
  readonly tpdu: boolean;
  /** 6 bytes: the message header (报文头) of the UnionPay terminal dialect. */
  readonly header: boolean;
  /** Frames outside these sizes close the connection. The length prefix is not counted. */
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** UnionPay terminals: `len < 5 + 6 + 10` or `> 2048` is a bad frame (notes, section 1). */
export const CUP_TERMINAL_FRAMING: Framing = {
  length: '2-byte-binary',
  tpdu: true,
  header: true,
  minBytes: 21,
  maxBytes: 2048,
};
