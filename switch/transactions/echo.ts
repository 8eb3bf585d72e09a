import { NETWORK_KEEP } from './answer-fields.ts';
import type { UnrecordedRow } from './row.ts';

/** 回响测试: is the line alive? Many terminals leave out field 11. */
export const echo: UnrecordedRow = {
  kind: 'echo',
  nameZh: '回响测试',
  nameEn: 'Echo test',
  match: { messageType: '0820', networkCodes: ['301'] },
  answerType: '0830',
  mac: false,
  signedIn: false,
  openBatch: false,
  required: [41, 42, 60],
  keep: NETWORK_KEEP,
  finishes: true,
  perform: async () => ({}),
};
