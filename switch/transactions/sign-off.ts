import { verifyRequestMac } from '../checks/mac.ts';
import { NETWORK_KEEP } from './answer-fields.ts';
import type { UnrecordedRow } from './row.ts';
import { changeTerminal } from './terminal-change.ts';

/**
 * 签退: the terminal must sign in before it trades again. The dialect has no MAC here, so anybody could
 * say so for a terminal: its keys are given up only when the message carries a right MAC. Without one,
 * they stay, and the terminal's next message with a right MAC says that it never signed off.
 */
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
    const { message, terminal } = request;
    const isProven = message.has(64);
    if (isProven) await verifyRequestMac(message, terminal.value, services);
    const keys = isProven ? { currentKeys: [], previousKeys: [], provenKeys: [] } : {};
    await changeTerminal(request, services, 'sign-off', (now) => ({
      ...now,
      signedIn: false,
      ...keys,
    }));
    return {};
  },
};
