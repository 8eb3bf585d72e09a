/** Why something was not done, in the words of the people at the counter: hospital software shows them as they are. */

const MESSAGES: Record<string, string> = {
  'already-exchanged': '电子票据已换开纸质票据',
  'already-red-lettered': '电子票据已冲红',
  'already-void': '纸质票据已作废',
  'bad-field': '字段不正确',
  'bad-range': '号码范围不正确',
  'bill-type-not-allowed-at-point': '该开票点不可开具此票据种类',
  'booked-by-the-payer': '电子票据已入账，不能冲红',
  'busNo-used': '业务流水号已用于其他内容',
  'charge-not-allowed-at-point': '该开票点不可使用此收费项目',
  'content-does-not-add-up': '金额合计不一致',
  'deposit-already-used': '预交金已使用',
  'deposit-too-low': '预交金余额不足',
  'busNo-differs': '业务流水号不一致',
  'exchange-not-allowed': '该开票点不办理换开',
  'given-number-known': '财政给出的票据号码已使用',
  'is-a-red-bill': '红字票据不能办理此业务',
  'not-exchanged': '电子票据未换开纸质票据',
  'not-recorded': '未能记账，请重试',
  'not-yet': '已受理，结果稍后查询',
  'nothing-to-bill': '金额为零，不开具票据',
  'not-checked-in': '已登记，患者签到取号后开票',
  'number-asked-for': '票据号码正在向财政申领，请稍后查询',
  'numbers-not-free': '号码不在库存中或已使用',
  'paper-must-be-voided-first': '已换开纸质票据，请先作废纸质票据',
  'paper-not-in-stock': '开票点没有此纸质票据号码',
  'paid-back': '该业务的缴费已全部退回',
  'payment-not-named': '未指明对应的缴费',
  'payment-not-seen': '尚未收到对应的缴费',
  'payment-of-another-charge': '该缴费已对应其他业务',
  'point-disabled': '开票点已停用',
  'red-lettered': '电子票据已冲红',
  'remainder-not-registered': '部分退费后尚未登记剩余收费明细',
  'amount-differs-from-payment': '票据金额与缴费金额不一致',
  'stock-empty': '没有可用的票据号码',
  'unit-not-set-up': '开票单位信息未设置',
  'unknown-bill': '没有这张票据',
  'unknown-bill-type': '票据种类不存在或已停用',
  'unknown-business-type': '业务标识不存在或已停用',
  'unknown-deposit': '没有这张预交金凭证',
  'unknown-method': '没有这个接口方法',
  'unknown-paper': '没有这张纸质票据',
  'unknown-point': '开票点不存在',
  'written-off': '该业务已按要求冲红',
};

/** The sentence, with the particulars behind it. */
export function messageOf({ code, message }: { code: string; message: string }): string {
  const sentence = MESSAGES[code];
  return sentence === undefined ? message : `${sentence}（${message}）`;
}
