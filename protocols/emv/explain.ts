import { readLatin1 } from '../coding/text.ts';
import type { Label } from '../iso8583/dialect.ts';
import { hide, maskPan, maskTrack } from '../mask.ts';
import { yuanOf } from '../yuan.ts';
import { CRYPTOGRAM_KINDS, EMV_TAGS, type TagMeaning } from './tags.ts';
import type { TlvNode } from './tlv.ts';

/** A TLV element for people: masked value, what it means, what is inside. */
export interface ExplainedTlv {
  readonly tag: string;
  readonly name: Label;
  readonly value: string;
  readonly meaning: Label | null;
  readonly children: readonly ExplainedTlv[];
}

const UNKNOWN: TagMeaning = { name: { zh: '未知标签', en: 'Unknown tag' } };

/** Names and explains parsed TLV. Card data is masked by the tag's rule; unknown tags are hidden. */
export function explainTlv(nodes: readonly TlvNode[]): ExplainedTlv[] {
  return nodes.map((node) => {
    const meaning = EMV_TAGS[node.tag] ?? UNKNOWN;
    const value = node.children === null ? safeTlvValue(node, meaning) : '';
    return {
      tag: node.tag,
      name: meaning.name,
      value,
      meaning: meaningOf(node, meaning),
      children: node.children === null ? setBits(node, meaning) : explainTlv(node.children),
    };
  });
}

/** The bits that are set, as `byte.bit` with bit 8 the highest, the way EMV books count them. */
function setBits(node: TlvNode, { bits = [] }: TagMeaning): ExplainedTlv[] {
  return bits
    .filter(([byte, mask]) => ((node.value[byte - 1] ?? 0) & mask) !== 0)
    .map(([byte, mask, name]) => ({
      tag: `${byte}.${32 - Math.clz32(mask)}`,
      name,
      value: '1',
      meaning: null,
      children: [],
    }));
}

/** One line for logs: `9F26=… 57=621999*********0010=<17>`. */
export function safeTlvText(nodes: readonly TlvNode[]): string {
  return nodes
    .map((node) => {
      if (node.children !== null) return `${node.tag}{${safeTlvText(node.children)}}`;
      return `${node.tag}=${safeTlvValue(node, EMV_TAGS[node.tag] ?? UNKNOWN)}`;
    })
    .join(' ');
}

function safeTlvValue(node: TlvNode, meaning: TagMeaning): string {
  const { value } = node;
  if (meaning === UNKNOWN) return hide(value.length);
  if (meaning.safe === 'hidden') return hide(value.length);
  const hex = Buffer.from(value).toString('hex').toUpperCase();
  if (meaning.safe === 'pan') return maskPan(hex.replace(/F+$/, ''));
  if (meaning.safe === 'track') return maskTrack(hex.replace(/F+$/, ''));
  if (meaning.as === 'text') return readLatin1(value, 0, value.length);
  return hex;
}

function meaningOf(node: TlvNode, meaning: TagMeaning): Label | null {
  if (node.tag === '9F27' && node.value.length === 1) {
    return CRYPTOGRAM_KINDS[node.value[0]! >> 6] ?? null;
  }
  if (meaning.as === 'amount') {
    const digits = Buffer.from(node.value).toString('hex');
    if (/^\d{3,}$/.test(digits)) return { zh: `${yuanOf(digits)} 元`, en: '' };
  }
  if (meaning.bits === undefined || setBits(node, meaning).length > 0) return null;
  return { zh: '无标志位', en: 'no bit set' };
}
