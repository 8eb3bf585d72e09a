/**
 * Who settles a payment code: our own wallets, or a channel outside (UnionPay, WeChat, Alipay), each
 * known by how its codes begin. A channel outside is one more element of CHANNELS.
 */
import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { HEALTH_CARD_PREFIX } from '../../protocols/records/health-card-code.ts';
import { cardByNumber, checkCardUsable } from '../checks/card.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';
import { countInBatch, payMerchant, paymentOf } from '../transactions/postings.ts';
import type { Plan, Request } from '../transactions/row.ts';
import { payingHealthCard } from './health-card-code.ts';
import { cardOfWalletCode, WALLET_CODE, walletCodeSubject } from './wallet-code.ts';

export interface ScanChannel {
  name: string;
  takes: (code: string) => boolean;
  /** Plans the payment of field 4 to the request's merchant. */
  pay: (code: string, request: Request, services: Services) => Promise<Plan>;
}

const wallet: ScanChannel = {
  name: 'wallet',
  takes: (code) => WALLET_CODE.test(code),

  async pay(code, request, services) {
    const number = await cardOfWalletCode(code, Date.now(), services);
    require(number !== null, '14', 'wallet-code-wrong-or-expired');
    request.card = cardByNumber(number, request, services);
    checkCardUsable(request.card.value, request, services);
    return {
      transfers: [payMerchant(paymentOf(request), TransferCode.purchase)],
      tallies: [
        {
          subject: walletCodeSubject(code),
          amountFen: 0,
          count: 1,
          limitCount: 1,
          until: 'day',
        },
        countInBatch(request, 'debit', request.amountFen, 1),
      ],
      extra: { channel: 'wallet' },
    };
  },
};

/**
 * A dynamic code of an e-health-card (电子健康卡): it names the card that pays, and is used once. Whatever
 * begins as one comes here, so that wrong ones are noted, too.
 */
const healthCard: ScanChannel = {
  name: 'health-card',
  takes: (code) => code.startsWith(HEALTH_CARD_PREFIX),

  async pay(code, request, services) {
    const { payCard, subject } = await payingHealthCard(code, Date.now(), request, services);
    request.card = cardByNumber(payCard, request, services);
    checkCardUsable(request.card.value, request, services);
    return {
      transfers: [payMerchant(paymentOf(request), TransferCode.purchase)],
      tallies: [
        // The first one: that is how a code that was used is told from a limit that was met.
        { subject, amountFen: 0, count: 1, limitCount: 1, until: 'long' },
        countInBatch(request, 'debit', request.amountFen, 1),
      ],
    };
  },
};

export const CHANNELS: readonly ScanChannel[] = [wallet, healthCard];

/** The channel of a code. Refuses with 92 when none takes it. */
export function channelOf(code: string): ScanChannel {
  const channel = CHANNELS.find(({ takes }) => takes(code));
  if (channel === undefined) throw new Refusal('92', 'no-channel-for-this-code');
  return channel;
}
