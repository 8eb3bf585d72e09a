/** What the rows of downloads have in common: asked without a MAC, answered at once from managed data. */
import { NETWORK_KEEP } from '../answer-fields.ts';
import type { UnrecordedRow } from '../row.ts';

export function downloadRow(
  row: Pick<UnrecordedRow, 'kind' | 'nameZh' | 'nameEn' | 'perform'>,
  messageType: '0800' | '0820',
  networkCodes: readonly string[],
): UnrecordedRow {
  return {
    ...row,
    match: { messageType, networkCodes },
    answerType: messageType === '0800' ? '0810' : '0830',
    mac: false,
    signedIn: false,
    openBatch: false,
    required: [11, 41, 42, 60],
    keep: NETWORK_KEEP,
    finishes: true,
  };
}

/** 下载结束: the terminal has all it asked for. */
export const downloadEnd: UnrecordedRow = downloadRow(
  {
    kind: 'download-end',
    nameZh: '下载结束',
    nameEn: 'End of a download',
    perform: async () => ({}),
  },
  '0800',
  ['361', '365', '371', '381', '391', '395', '397', '399', '961'],
);
