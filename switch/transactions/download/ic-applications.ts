import { encodeTlv, findTlv, parseTlv } from '../../../protocols/emv/tlv.ts';
import { require } from '../../refusal.ts';
import { entriesKnown, listPage } from './pages.ts';
import { downloadRow } from './rows.ts';

/** IC卡参数查询: which chip applications the terminal shall know, by their AID. */
export const icApplicationList = downloadRow(
  {
    kind: 'ic-parameter-query',
    nameZh: 'IC卡参数查询',
    nameEn: 'Chip application query',
    async perform(request, services) {
      const { applications } = services.settings.get('ic-applications');
      const entries = applications.map(({ aid }) => aidElement(aid));
      return { 62: listPage(entries, entriesKnown(request)) };
    },
  },
  '0820',
  ['382'],
);

/** IC卡参数下载: the parameters of one application, named by 9F06 in field 62. */
export const icApplicationDownload = downloadRow(
  {
    kind: 'ic-parameter-download',
    nameZh: 'IC卡参数下载',
    nameEn: 'Chip application download',
    async perform(request, services) {
      const { applications } = services.settings.get('ic-applications');
      const named = findTlv(parseTlv(request.message.bytes(62) ?? new Uint8Array(0)), '9F06');
      require(named !== undefined, '30', 'application-not-named');
      const wanted = Buffer.from(named.value).toString('hex').toUpperCase();
      const found = applications.find(({ aid }) => aid.toUpperCase() === wanted);
      if (found === undefined) return { 62: listPage([], 0) };
      const parameters = Buffer.from(found.parameters, 'hex');
      return { 62: listPage([Buffer.concat([aidElement(found.aid), parameters])], 0) };
    },
  },
  '0800',
  ['380'],
);

function aidElement(aid: string): Buffer {
  return encodeTlv([{ tag: '9F06', value: Buffer.from(aid, 'hex') }]);
}
