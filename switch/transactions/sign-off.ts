import { verifyRequestMac } from '../checks/mac.ts';
import { afterUnprovenSignOff, signedOff } from '../checks/proven-keys.ts';
import { NETWORK_KEEP } from './answer-fields.ts';
import type { UnrecordedRow } from './row.ts';
import { changeTerminal } from './terminal-change.ts';

/**
 * 签退: the terminal must sign in before it trades again. The dialect has no MAC here, so anybody could
 * say so for a terminal: without one it is believed only as far as `afterUnprovenSignOff` says. With a
 * right one it ends everything at once, wherever it comes from.
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
    const { message, terminal, remoteAddress } = request;
    const isProven = message.has(64);
    if (isProven) await verifyRequestMac(message, terminal.value, services);
    await changeTerminal(request, services, 'sign-off', (now) =>
      isProven ? signedOff(now) : afterUnprovenSignOff(now, remoteAddress),
    );
    return {};
  },
};
