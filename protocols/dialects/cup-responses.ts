import type { Label } from '../iso8583/dialect.ts';

/** What a terminal does about an answer code. */
export type ResponseClass =
  /** Accepted. */
  | 'A'
  /** Retry or sign in again. */
  | 'B'
  /** Failed. */
  | 'C'
  /** An operator acts, or the card is captured. */
  | 'D'
  /** System. */
  | 'E';

export interface ResponseCode {
  readonly code: string;
  readonly class: ResponseClass;
  readonly name: Label;
}

type Line = readonly [code: string, responseClass: ResponseClass, zh: string, en: string];

/** Answer codes (F39) of the terminal dialect, notes section 14. */
const LINES: readonly Line[] = [
  ['00', 'A', '承兑或交易成功', 'approved'],
  ['01', 'C', '查发卡行', 'call issuer'],
  ['03', 'C', '无效商户', 'invalid merchant'],
  ['04', 'D', '没收卡', 'capture card'],
  ['05', 'C', '身份认证失败', 'authentication failed'],
  ['10', 'A', '部分承兑', 'partially approved'],
  ['11', 'A', '重要人物批准（VIP）', 'approved, VIP'],
  ['12', 'C', '无效交易', 'invalid transaction'],
  ['13', 'B', '无效金额', 'invalid amount'],
  ['14', 'B', '无效卡号', 'invalid card number'],
  ['15', 'C', '此卡无对应发卡方', 'no such issuer'],
  ['21', 'C', '卡未初始化', 'card not initialised'],
  ['22', 'C', '故障怀疑，关联交易错误', 'suspected fault, original expired'],
  ['25', 'C', '找不到原始交易', 'original not found'],
  ['30', 'C', '报文格式错误', 'format error'],
  ['34', 'D', '有作弊嫌疑', 'suspected fraud, capture'],
  ['38', 'D', '超过允许的PIN试输入次数', 'PIN tries exceeded, capture'],
  ['40', 'C', '请求的功能尚不支持', 'function not supported'],
  ['41', 'D', '挂失卡', 'lost card'],
  ['43', 'D', '被窃卡', 'stolen card'],
  ['45', 'C', '不允许降级交易', 'fallback not allowed'],
  ['51', 'C', '资金不足', 'insufficient funds'],
  ['54', 'C', '过期的卡', 'expired card'],
  ['55', 'C', '密码错误', 'wrong PIN'],
  ['57', 'C', '不允许持卡人进行的交易', 'not permitted to the card'],
  ['58', 'C', '不允许终端进行的交易', 'not permitted to the terminal'],
  ['59', 'C', '卡片校验错', 'card verification failed'],
  ['61', 'C', '超出金额限制', 'over the amount limit'],
  ['62', 'C', '受限制的卡', 'restricted card'],
  ['64', 'C', '原始金额错误', 'differs from the original amount'],
  ['65', 'C', '超出次数限制', 'over the count limit'],
  ['68', 'C', '发卡行响应超时', 'issuer answered too late'],
  ['75', 'C', '允许的输入PIN次数超限', 'PIN tries exceeded'],
  ['77', 'D', '批次错误，请重新签到', 'wrong batch, sign in again'],
  ['90', 'C', '正在日终处理', 'date cut-over in progress'],
  ['91', 'C', '发卡方不能操作', 'issuer or switch inoperative'],
  ['92', 'C', '找不到路由', 'no route'],
  ['94', 'C', '重复交易', 'duplicate transaction'],
  ['96', 'C', '系统异常、失效', 'switch malfunction'],
  ['97', 'D', '终端未登记', 'terminal not registered'],
  ['98', 'E', '收不到发卡方应答', 'no answer from the issuer'],
  ['99', 'B', 'PIN格式错，请重新签到', 'PIN format error, sign in again'],
  ['A0', 'B', 'MAC校验错，请重新签到', 'MAC error, sign in again'],
  ['A1', 'C', '转账货币不一致', 'currency mismatch'],
  ['A2', 'A', '有缺陷的成功', 'accepted with reservations'],
  ['A3', 'C', '无此账户', 'invalid account'],
  ['A4', 'A', '有缺陷的成功', 'accepted with reservations'],
  ['A5', 'A', '有缺陷的成功', 'accepted with reservations'],
  ['A6', 'A', '有缺陷的成功', 'accepted with reservations'],
  ['A7', 'C', '安全处理失败', 'security processing failed'],
];

export const CUP_RESPONSES: Readonly<Record<string, ResponseCode>> = Object.fromEntries(
  LINES.map(([code, responseClass, zh, en]) => [
    code,
    { code, class: responseClass, name: { zh, en } },
  ]),
);

/** Why a terminal reverses: F39 of a 0400 request, notes section 12. */
export const REVERSAL_REASONS: Readonly<Record<string, Label>> = {
  '98': { zh: '未收到应答', en: 'no answer in time' },
  A0: { zh: '应答MAC错', en: 'MAC of the answer wrong' },
  '96': { zh: '终端故障', en: 'terminal fault after approval' },
  '06': { zh: '其他', en: 'other' },
};

/** Codes after which a terminal must sign in again before its next transaction. */
export const SIGN_IN_AGAIN: ReadonlySet<string> = new Set(['77', '99', 'A0']);

/** The row of an answer code; a code that is not listed counts as failed (class C). */
export function responseOf(code: string): ResponseCode {
  return (
    CUP_RESPONSES[code] ?? { code, class: 'C', name: { zh: '未知应答码', en: 'unknown code' } }
  );
}

/** Whether the answer code means that the transaction was accepted. */
export function isAccepted(code: string): boolean {
  return responseOf(code).class === 'A';
}
