import { NETWORK_KEEP } from './answer-fields.ts';
import type { UnrecordedRow } from './row.ts';
import { changeTerminal } from './terminal-change.ts';

/** 签退: the terminal's keys are given up; it must sign in before it trades again. */
export const signOff: UnrecordedRow = {
  kind: 'sign-off',
  nameZh: '签退',
  nameEn: 'Sign-off',
  match: { messageType: '0820', networkCodes: ['002'] },
  answerType: '0830',
  mac: false,
  signedIn: true,
  openBatch: false,
  required: [11, 41, 42, 60],
  keep: NETWORK_KEEP,
  finishes: true,

  async perform(request, services) {
    await changeTerminal(request, services, 'sign-off', (terminal) => ({
      ...terminal,
      signedIn: false,
      currentKeys: [],
      previousKeys: [],
      provenKeys: [],
    }));
    return {};
  },
};
