import { ProtocolError } from '../error.ts';
import type { Dialect, Field, FieldEncoding, SubfieldLayout } from './dialect.ts';
import { encodingOf } from './plan.ts';

const ENCODINGS_OF_TYPE: Readonly<Record<Field['type'], readonly FieldEncoding[]>> = {
  n: ['bcd', 'ascii', 'ebcdic'],
  z: ['bcd', 'ascii', 'ebcdic'],
  a: ['ascii', 'ebcdic', 'gbk'],
  an: ['ascii', 'ebcdic', 'gbk'],
  ans: ['ascii', 'ebcdic', 'gbk'],
  b: ['binary', 'hex-ascii', 'hex-ebcdic'],
  'x+n': ['bcd', 'ascii', 'ebcdic'],
};

/** The most a prefix of so many digits can say, by its encoding. */
const PREFIX_MAXIMUM = { L: 9, LL: 99, LLL: 999, LLLL: 9999 } as const;
const BINARY_PREFIX_MAXIMUM = { L: 255, LL: 255, LLL: 65_535, LLLL: 65_535 } as const;

/** Fields whose value is the 8-byte MAC when they end a message. */
const MAC_FIELDS: ReadonlySet<number> = new Set([64, 128, 192]);

/** Throws ProtocolError `bad-dialect` that names the first field whose row contradicts itself. */
export function checkDialect(dialect: Dialect): void {
  const { maximum } = dialect.bitmap;
  if (![64, 128, 192].includes(maximum)) refuse(null, 'bitmap.maximum must be 64, 128 or 192');
  for (const [key, field] of Object.entries(dialect.fields)) {
    const number = Number(key);
    if (!Number.isInteger(number) || number < 2 || number > maximum) {
      refuse(number, `field numbers go from 2 to ${maximum}`);
    }
    if (number === 65 && maximum === 192) refuse(number, 'bit 65 announces the third bitmap');
    checkLength(dialect, number, field);
    checkEncoding(dialect, number, field);
    for (const { layout } of field.subfields ?? []) checkLayout(number, field, layout);
  }
}

function checkLength(dialect: Dialect, number: number, field: Field): void {
  const size = field.length ?? field.max;
  if ((field.length === undefined) === (field.max === undefined)) {
    refuse(number, 'give either length or max');
  }
  if (size === undefined || !Number.isInteger(size) || size < 1) {
    refuse(number, 'length and max are whole numbers from 1');
  }
  if ((field.prefix === undefined) !== (field.max === undefined)) {
    refuse(number, 'max and prefix come together');
  }
  if (field.prefix === undefined) {
    if (field.prefixEncoding !== undefined || field.prefixCounts !== undefined) {
      refuse(number, 'a fixed field has no prefix to describe');
    }
    return;
  }
  const binary = (field.prefixEncoding ?? dialect.defaults.prefix) === 'binary';
  const most = (binary ? BINARY_PREFIX_MAXIMUM : PREFIX_MAXIMUM)[field.prefix];
  if (most === undefined) refuse(number, 'prefix is L, LL, LLL or LLLL');
  if (size! > most) refuse(number, `a prefix ${field.prefix} cannot say ${size}`);
  if (MAC_FIELDS.has(number)) refuse(number, 'the MAC field has a fixed length');
}

function checkEncoding(dialect: Dialect, number: number, field: Field): void {
  const encoding = encodingOf(dialect, field);
  const allowed = ENCODINGS_OF_TYPE[field.type];
  if (allowed === undefined) refuse(number, `there is no type ${String(field.type)}`);
  if (!allowed.includes(encoding)) refuse(number, `type ${field.type} cannot be ${encoding}`);
  if (field.filler !== undefined && encoding !== 'bcd') {
    refuse(number, 'only packed digits have a filler nibble');
  }
  if (field.prefixCounts === 'digits' && (encoding === 'gbk' || encoding === 'binary')) {
    refuse(number, `a prefix in front of ${encoding} counts bytes`);
  }
  if (field.type === 'x+n' && field.length === undefined) {
    refuse(number, 'a signed amount has a fixed length');
  }
  if (field.pad !== undefined && field.length === undefined) {
    refuse(number, 'only a fixed field is filled up');
  }
  if (field.safe === 'tlv' && field.type !== 'b') refuse(number, 'TLV data is of type b');
}

function checkLayout(number: number, field: Field, layout: SubfieldLayout): void {
  if (layout.by === 'tag') {
    if (layout.coding === 'ber' && field.type !== 'b') refuse(number, 'BER-TLV is of type b');
    return;
  }
  if (layout.by === 'bitmap') {
    if (field.type !== 'b') refuse(number, 'a bitmap inside a field needs type b');
    for (const [bit, part] of Object.entries(layout.parts)) {
      if (Number(bit) > layout.bitmapBytes * 8) refuse(number, `part ${bit} has no bit`);
      if (part.length === 'rest') refuse(number, 'parts behind a bitmap have fixed lengths');
    }
    return;
  }
  layout.parts.forEach((part, index) => {
    const last = index === layout.parts.length - 1;
    if (part.length === 'rest' && !last)
      refuse(number, `part ${part.id}: only the last takes the rest`);
  });
}

function refuse(number: number | null, reason: string): never {
  const where = number === null ? 'dialect' : `field ${number}`;
  throw new ProtocolError('bad-dialect', `${where}: ${reason}`, { field: number });
}
