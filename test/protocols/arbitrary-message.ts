import fc from 'fast-check';
import type { Dialect, Field } from '../../protocols/iso8583/dialect.ts';
import { encodingOf } from '../../protocols/iso8583/plan.ts';

/** Random messages of a dialect, in the form that decoding gives back. */
export function arbitraryMessage(
  dialect: Dialect,
): fc.Arbitrary<{ mti: string; fields: Record<number, string> }> {
  const values = Object.fromEntries(
    Object.entries(dialect.fields).map(([number, field]) => [
      number,
      fc.option(arbitraryValue(dialect, field), { nil: undefined }),
    ]),
  );
  return fc
    .record({ mti: characters('0123456789', 4, 4), fields: fc.record(values) })
    .map(({ mti, fields }) => ({
      mti,
      fields: Object.fromEntries(
        Object.entries(fields).filter(([, value]) => value !== undefined),
      ) as Record<number, string>,
    }));
}

const LATIN1 = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
const CHINESE = '门诊部挂号处药房住院abc 123';

function arbitraryValue(dialect: Dialect, field: Field): fc.Arbitrary<string> {
  const encoding = encodingOf(dialect, field);
  const most = Math.min(field.length ?? field.max!, 60);
  const least = field.length ?? 0;
  switch (field.type) {
    case 'n': {
      const even = field.prefixCounts === 'bytes';
      if (!even) return characters('0123456789', least, most);
      return characters('0123456789', 0, most).map((digits) => digits + digits);
    }
    case 'z':
      if (encoding === 'bcd') return characters('0123456789ABCDEF', least, most);
      return characters('0123456789D', least, most);
    case 'x+n':
      return fc
        .tuple(fc.constantFrom('C', 'D'), characters('0123456789', most, most))
        .map(([sign, digits]) => sign + digits);
    case 'b': {
      const bytes = field.prefixCounts === 'digits' ? Math.floor(most / 2) : most;
      return fc
        .uint8Array({ minLength: field.length ?? 0, maxLength: bytes })
        .map((value) => Buffer.from(value).toString('hex').toUpperCase());
    }
    default:
      if (encoding !== 'gbk') return characters(LATIN1, least, most);
      if (field.length !== undefined)
        return fc.constant('药房    ').map((text) => text.padStart(least - 2));
      return characters(CHINESE, 0, Math.floor(most / 2));
  }
}

function characters(from: string, minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...from), { minLength, maxLength })
    .map((parts) => parts.join(''));
}
