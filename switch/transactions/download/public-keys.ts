import { encodeTlv, findTlv, parseTlv, type TlvInput } from '../../../protocols/emv/tlv.ts';
import type { SettingValue } from '../../controls/settings.ts';
import { require } from '../../refusal.ts';
import type { Request } from '../row.ts';
import { entriesKnown, listPage } from './pages.ts';
import { downloadRow } from './rows.ts';

type PublicKey = SettingValue<'public-keys'>['keys'][number];

/** 公钥查询: which public keys of card organisations there are, by owner, index and expiry. */
export const publicKeyList = downloadRow(
  {
    kind: 'public-key-query',
    nameZh: '公钥查询',
    nameEn: 'CA public key query',
    async perform(request, services) {
      const { keys } = services.settings.get('public-keys');
      const entries = keys.map((key) => encodeTlv(nameOf(key)));
      return { 62: listPage(entries, entriesKnown(request)) };
    },
  },
  '0820',
  ['372', '373'],
);

/** 公钥下载: one key, named by 9F06 and 9F22 in field 62. */
export const publicKeyDownload = downloadRow(
  {
    kind: 'public-key-download',
    nameZh: '公钥下载',
    nameEn: 'CA public key download',
    async perform(request, services) {
      const { keys } = services.settings.get('public-keys');
      const { rid, index } = wantedKey(request);
      const key = keys.find((known) => same(known.rid, rid) && same(known.index, index));
      return { 62: listPage(key === undefined ? [] : [encodeTlv(contentOf(key))], 0) };
    },
  },
  '0800',
  ['370'],
);

function wantedKey({ message }: Request): { rid: string; index: string } {
  const nodes = parseTlv(message.bytes(62) ?? new Uint8Array(0));
  const rid = findTlv(nodes, '9F06');
  const index = findTlv(nodes, '9F22');
  require(rid !== undefined && index !== undefined, '30', 'public-key-not-named');
  return { rid: hex(rid.value), index: hex(index.value) };
}

function nameOf({ rid, index, expiry }: PublicKey): TlvInput[] {
  return [text('9F06', rid), text('9F22', index), { tag: 'DF05', value: Buffer.from(expiry) }];
}

function contentOf(key: PublicKey): TlvInput[] {
  return [
    ...nameOf(key),
    text('DF06', key.hashAlgorithm),
    text('DF07', key.keyAlgorithm),
    text('DF02', key.modulus),
    text('DF04', key.exponent),
    text('DF03', key.check),
  ];
}

function text(tag: string, value: string): TlvInput {
  return { tag, value: Buffer.from(value, 'hex') };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function same(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase();
}
