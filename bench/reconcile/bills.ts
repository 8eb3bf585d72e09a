/** Writes a WeChat bill and our side of the same day, a million lines each, with a few differences. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const HEADING =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,' +
  '付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,' +
  '退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n';
const SUMMARY =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n';

/** Every so many lines one side has an order that the other has not. */
const LONELY_EVERY = 10_007;

export interface WrittenBills {
  bill: string;
  ours: string;
  lines: number;
  differences: number;
}

export function writeBills(folder: string, lines: number): WrittenBills {
  const bill = new Lines(join(folder, 'wechat.csv'));
  const ours = new Lines(join(folder, 'ours.ndjson'));
  bill.add(HEADING);
  let totalFen = 0;
  let feeFen = 0;
  let differences = 0;
  for (let at = 0; at < lines; at++) {
    const fen = 100 + ((at * 7919) % 99_900);
    const fee = Math.round(fen * 0.006);
    const digits = String(at).padStart(9, '0');
    const time = timeOf(at);
    const lonely = at % LONELY_EVERY === LONELY_EVERY - 1;
    if (lonely) differences += 2;
    totalFen += fen;
    feeFen += fee;
    bill.add(
      `\`2026-11-20 ${time},\`wx2421b1c4370ec43b,\`1900000109,\`0,\`,\`4200002026112001${digits}001,` +
        `\`${lonely ? 'X' : 'H'}20261120${digits}0000000001,\`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,\`JSAPI,\`SUCCESS,` +
        `\`OTHERS,\`CNY,\`${yuan(fen)},\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,\`门诊缴费 outpatient,\`,` +
        `\`${yuan(fee)}000,\`0.60%,\`${yuan(fen)},\`0.00,\`\n`,
    );
    // Our side comes in another order: blocks of a thousand from the back.
    const there = lines - 1 - at;
    ours.add(ownLine(there, there % LONELY_EVERY === LONELY_EVERY - 1));
  }
  bill.add(SUMMARY);
  bill.add(
    `\`${lines},\`${yuan(totalFen)},\`0.00,\`0.00,\`${yuan(feeFen)}000,\`${yuan(totalFen)},\`0.00\n`,
  );
  return { bill: bill.close(), ours: ours.close(), lines, differences };
}

function ownLine(at: number, lonely: boolean): string {
  const fen = 100 + ((at * 7919) % 99_900);
  const digits = String(at).padStart(9, '0');
  const channelId = `4200002026112001${digits}${lonely ? '002' : '001'}`;
  return (
    `{"orderId":"H20261120${digits}0000000001","channelId":"${channelId}","type":"pay",` +
    `"amountFen":${fen},"feeFen":${Math.round(fen * 0.006)},"status":"success",` +
    `"occurredAt":"2026-11-20T${timeOf(at)}+08:00"}\n`
  );
}

function timeOf(at: number): string {
  const second = at % 86_400;
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${part(Math.floor(second / 3600))}:${part(Math.floor(second / 60) % 60)}:${part(second % 60)}`;
}

function yuan(fen: number): string {
  const digits = String(fen).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

class Lines {
  readonly path: string;
  private readonly descriptor: number;
  private pending = '';

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, 'w');
  }

  add(line: string): void {
    this.pending += line;
    if (this.pending.length > 1 << 20) this.flush();
  }

  close(): string {
    this.flush();
    closeSync(this.descriptor);
    return this.path;
  }

  private flush(): void {
    writeSync(this.descriptor, this.pending);
    this.pending = '';
  }
}
