import type { Dialect, Field } from '../../protocols/iso8583/dialect.ts';

const name = { zh: '测试', en: 'test' };
const text = (more: Omit<Field, 'name'>): Field => ({ name, ...more });

/** A dialect with everything that the real ones do not use: three bitmaps, every prefix and coding. */
export const EVERYTHING: Dialect = {
  name: 'everything',
  title: name,
  mti: { encoding: 'ebcdic' },
  bitmap: { encoding: 'hex-ebcdic', maximum: 192 },
  defaults: { digits: 'bcd', text: 'ascii', binary: 'binary', prefix: 'binary' },
  fields: {
    2: text({ type: 'n', max: 19, prefix: 'LL' }),
    3: text({ type: 'n', max: 19, prefix: 'LL', filler: 'left' }),
    4: text({ type: 'n', length: 7, filler: 'left' }),
    5: text({ type: 'n', max: 10, prefix: 'LL', prefixCounts: 'bytes' }),
    6: text({ type: 'z', max: 37, prefix: 'LL', filler: 'left' }),
    7: text({ type: 'z', length: 5 }),
    8: text({ type: 'n', encoding: 'ebcdic', length: 6 }),
    9: text({ type: 'z', encoding: 'ebcdic', max: 37, prefix: 'LL', prefixEncoding: 'ebcdic' }),
    10: text({ type: 'n', encoding: 'ascii', max: 9999, prefix: 'LLLL', prefixEncoding: 'ascii' }),
    11: text({ type: 'an', max: 255, prefix: 'L' }),
    12: text({ type: 'ans', max: 9, prefix: 'L', prefixEncoding: 'ascii' }),
    13: text({ type: 'ans', max: 9, prefix: 'L', prefixEncoding: 'bcd' }),
    14: text({ type: 'ans', encoding: 'gbk', length: 8, pad: 'left' }),
    15: text({ type: 'ans', encoding: 'gbk', max: 999, prefix: 'LLL', prefixEncoding: 'bcd' }),
    16: text({ type: 'a', encoding: 'ebcdic', length: 4, pad: 'left' }),
    17: text({ type: 'b', encoding: 'hex-ascii', max: 20, prefix: 'LL' }),
    18: text({ type: 'b', encoding: 'hex-ascii', max: 40, prefix: 'LL', prefixCounts: 'digits' }),
    19: text({ type: 'b', encoding: 'hex-ebcdic', length: 3 }),
    20: text({ type: 'b', max: 300, prefix: 'LLL' }),
    21: text({ type: 'x+n', length: 8 }),
    22: text({ type: 'x+n', encoding: 'ascii', length: 7 }),
    64: text({ type: 'b', length: 8 }),
    66: text({ type: 'n', length: 3 }),
    100: text({ type: 'an', length: 5 }),
    128: text({ type: 'b', length: 8 }),
    130: text({ type: 'n', length: 4 }),
    191: text({ type: 'ans', max: 99, prefix: 'LL' }),
    192: text({ type: 'b', length: 4 }),
  },
};
