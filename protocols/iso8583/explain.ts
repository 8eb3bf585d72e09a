import { readHex } from '../coding/digits.ts';
import { readLatin1 } from '../coding/text.ts';
import { type ExplainedTlv, explainTlv } from '../emv/explain.ts';
import { parseTlv } from '../emv/tlv.ts';
import { ProtocolError } from '../error.ts';
import { hide } from '../mask.ts';
import { yuanOf } from '../yuan.ts';
import type { DecodedMessage } from './decoded-message.ts';
import type { Field, Label, Part, Subfields } from './dialect.ts';
import { type ExplainedPart, explainBinaryPart, explainPart } from './explain-part.ts';
import { ValueKind } from './plan.ts';
import { slices } from './positions.ts';
import { maskText, safeText } from './safe.ts';
import { explainBitmapParts, explainTags } from './subfields.ts';
import { findTransaction, matchesPattern } from './transactions.ts';

/** An explained message: what a table for people needs, values masked already. */
export interface Explanation {
  readonly mti: string;
  readonly title: Label;
  /** The row of the dialect's transaction table, null when none fits. */
  readonly transaction: { readonly id: string; readonly name: Label } | null;
  readonly bitmap: string;
  readonly fields: readonly ExplainedField[];
}

export interface ExplainedField {
  readonly field: number;
  readonly name: Label;
  /** Wire bytes in upper-case hex with the length prefix; masked where the value is. */
  readonly raw: string;
  /** The value as text, masked. */
  readonly value: string;
  /** What the value means, null when there is nothing to say beyond the value. */
  readonly meaning: Label | null;
  readonly parts: readonly ExplainedPart[];
}

/** Explains every field of a message. A field that cannot be read says so in its meaning. */
export function explainMessage(message: DecodedMessage): Explanation {
  const { dialect } = message.plan;
  const match = safely(() => findTransaction(dialect.transactions ?? [], message)) ?? null;
  const transaction =
    match === null
      ? null
      : {
          id: match.row.id,
          name: match.reversal
            ? { zh: `冲正：${match.row.name.zh}`, en: `Reversal: ${match.row.name.en}` }
            : match.row.name,
        };
  return {
    mti: message.mti,
    title: messageTitle(message.mti),
    transaction,
    bitmap: message.bitmap,
    fields: message.fields().map((number) => {
      const field = explainField(message, number);
      const names = match !== null && match.row.fields[number] !== undefined;
      const silent = field.meaning === null && field.parts.length === 0;
      return names && silent ? { ...field, meaning: transaction!.name } : field;
    }),
  };
}

const CLASSES: Readonly<Record<string, Label>> = {
  '1': { zh: '授权', en: 'Authorisation' },
  '2': { zh: '金融', en: 'Financial' },
  '3': { zh: '文件更新／批上送', en: 'File update, batch upload' },
  '4': { zh: '冲正', en: 'Reversal' },
  '5': { zh: '对账／批结算', en: 'Reconciliation' },
  '6': { zh: '管理', en: 'Administrative' },
  '8': { zh: '网络管理', en: 'Network management' },
  '9': { zh: '厂商自定义', en: 'Vendor' },
};
const FUNCTIONS: Readonly<Record<string, Label>> = {
  '0': { zh: '请求', en: 'request' },
  '1': { zh: '应答', en: 'answer' },
  '2': { zh: '通知', en: 'advice' },
  '3': { zh: '通知应答', en: 'advice answer' },
};

function messageTitle(mti: string): Label {
  const kind = CLASSES[mti[1]!] ?? { zh: '未知类型', en: 'Unknown class' };
  const role = FUNCTIONS[mti[2]!] ?? { zh: '', en: '' };
  return { zh: `${kind.zh}${role.zh}`, en: `${kind.en} ${role.en}`.trim() };
}

const UNREADABLE: Label = { zh: '内容不符合类型', en: 'not what the type says' };

function explainField(message: DecodedMessage, number: number): ExplainedField {
  const field = message.plan.dialect.fields[number]!;
  const value = safely(() => message.get(number));
  const base = { field: number, name: field.name, raw: safeWire(message, number) };
  if (value === undefined) {
    return { ...base, value: safeText(message, number), meaning: UNREADABLE, parts: [] };
  }
  const parts = partsOf(message, number, field, value);
  if (field.safe === 'tlv' && parts.length === 0 && value !== '') {
    return { ...base, value: '', meaning: UNREADABLE, parts };
  }
  const shown = message.plan.at[number]!.safe === 'shown';
  const meaning =
    parts.length === 0 && shown ? (field.values?.[value] ?? formatted(field, value)) : null;
  const text = field.safe === 'tlv' ? '' : safeText(message, number);
  return { ...base, value: text, meaning, parts };
}

/** Digits as people read them. */
function formatted(field: Field, value: string): Label | null {
  switch (field.format) {
    case 'amount':
      return { zh: `${yuanOf(value)} 元`, en: '' };
    case 'hhmmss': {
      const time = `${value.slice(0, 2)}:${value.slice(2, 4)}:${value.slice(4)}`;
      return { zh: time, en: time };
    }
    case 'MMDD': {
      const [month, day] = [Number(value.slice(0, 2)), Number(value.slice(2))];
      return { zh: `${month}月${day}日`, en: `${value.slice(0, 2)}-${value.slice(2)}` };
    }
    default:
      return null;
  }
}

function partsOf(
  message: DecodedMessage,
  number: number,
  field: Field,
  value: string,
): ExplainedPart[] {
  const bytes = message.bytes(number)!;
  if (field.safe === 'tlv') return safely(() => explainTlv(parseTlv(bytes)).map(partOfTlv)) ?? [];
  const use = field.subfields?.find((alternative) =>
    fits(message, alternative, field, value, bytes),
  );
  if (use === undefined) return [];
  const { layout } = use;
  if (layout.by === 'tag') return safely(() => explainTags(layout, field, value, bytes)) ?? [];
  if (layout.by === 'bitmap') return safely(() => explainBitmapParts(layout, bytes)) ?? [];
  if (field.type === 'b') return explainBytes(layout.parts, bytes);
  return slices(layout.parts, value).map(({ part, text }) => explainPart(part, text));
}

function explainBytes(parts: readonly Part[], bytes: Uint8Array): ExplainedPart[] {
  const latin1 = readLatin1(bytes, 0, bytes.length);
  return slices(parts, latin1).map(({ part, text }) => explainBinaryPart(part, text));
}

function partOfTlv(node: ExplainedTlv): ExplainedPart {
  const { name, value, meaning } = node;
  return { id: node.tag, name, value, meaning, parts: node.children.map(partOfTlv) };
}

function fits(
  message: DecodedMessage,
  { when }: Subfields,
  field: Field,
  value: string,
  bytes: Uint8Array,
): boolean {
  if (when === undefined) return true;
  const length = field.type === 'b' ? bytes.length : value.length;
  if (when.mti !== undefined && !when.mti.some((mti) => matchesPattern(message.mti, mti)))
    return false;
  if (typeof when.length === 'number' && length !== when.length) return false;
  if (Array.isArray(when.length) && (length < when.length[0] || length > when.length[1]))
    return false;
  if (when.prefix !== undefined && !value.startsWith(when.prefix)) return false;
  return Object.entries(when.fields ?? {}).every(([other, pattern]) =>
    matchesPattern(safely(() => message.get(Number(other))) ?? '', pattern),
  );
}

/**
 * The wire bytes with what is masked in the value masked here too. The prefix always shows; of a
 * packed card number the same digits show as in the text.
 */
function safeWire(message: DecodedMessage, number: number): string {
  const { safe: rule, prefixBytes, kind } = message.plan.at[number]!;
  const wire = message.wire(number)!;
  const hex = readHex(wire, 0, wire.length);
  const prefixLength = prefixBytes * 2;
  if (rule === 'shown') return hex;
  const value = hex.slice(prefixLength);
  const count = safely(() => message.get(number))?.length;
  if (rule === 'pan' && kind === ValueKind.packedDigits && count !== undefined) {
    return hex.slice(0, prefixLength) + maskText('pan', value.slice(0, count)) + value.slice(count);
  }
  return `${hex.slice(0, prefixLength)}${hide(value.length / 2)}`;
}

/** Undefined instead of a ProtocolError: an explanation goes on with the next field. */
function safely<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
