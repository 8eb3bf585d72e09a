import { compile } from '../iso8583/compile.ts';
import type { Dialect } from '../iso8583/dialect.ts';
import type { Codec } from '../iso8583/message.ts';
import * as layouts from './cup-layouts.ts';
import { CUP_RESPONSES } from './cup-responses.ts';
import { CUP_TRANSACTIONS } from './cup-transactions.ts';

const { WORKING_KEY_LAYOUTS } = layouts;

/** The sign-in answer with SM keys: whatever type and batch number, 60.3 is 006. */
const SM_SIGN_IN = { mti: ['0810'], fields: { 60: 'xxxxxxxx006' } };

/**
 * The UnionPay terminal dialect (银联 POS 报文). Digits are packed, length prefixes are packed
 * digits, an odd number of digits has its filler on the right except in F23.
 */
export const CUP: Dialect = {
  name: 'cup',
  title: { zh: '银联POS终端报文', en: 'UnionPay terminal messages' },
  mti: { encoding: 'bcd' },
  bitmap: { encoding: 'binary', maximum: 64 },
  defaults: { digits: 'bcd', text: 'ascii', binary: 'binary', prefix: 'bcd' },
  transactions: CUP_TRANSACTIONS,
  fields: {
    2: { name: { zh: '主账号', en: 'Card number' }, type: 'n', prefix: 'LL', max: 19, safe: 'pan' },
    3: { name: { zh: '交易处理码', en: 'Processing code' }, type: 'n', length: 6 },
    4: { name: { zh: '交易金额', en: 'Amount' }, type: 'n', length: 12, format: 'amount' },
    11: { name: { zh: '受卡方系统跟踪号', en: 'Terminal trace number' }, type: 'n', length: 6 },
    12: {
      name: { zh: '受卡方所在地时间', en: 'Local time' },
      type: 'n',
      length: 6,
      format: 'hhmmss',
    },
    13: {
      name: { zh: '受卡方所在地日期', en: 'Local date' },
      type: 'n',
      length: 4,
      format: 'MMDD',
    },
    14: { name: { zh: '卡有效期', en: 'Card expiry YYMM' }, type: 'n', length: 4, safe: 'hidden' },
    15: { name: { zh: '清算日期', en: 'Settlement date' }, type: 'n', length: 4, format: 'MMDD' },
    22: {
      name: { zh: '服务点输入方式码', en: 'Entry mode' },
      type: 'n',
      length: 3,
      subfields: [{ layout: layouts.ENTRY_MODE }],
    },
    23: {
      name: { zh: '卡序列号', en: 'Card sequence number' },
      type: 'n',
      length: 3,
      filler: 'left',
    },
    25: {
      name: { zh: '服务点条件码', en: 'Condition code' },
      type: 'n',
      length: 2,
      values: {
        '00': { zh: '正常提交', en: 'normal' },
        '06': { zh: '预授权', en: 'pre-authorisation' },
        '18': { zh: '预约', en: 'reservation' },
        '64': { zh: '分期付款', en: 'instalments' },
        '66': { zh: '磁条卡充值', en: 'stripe card load' },
        '91': { zh: '圈存', en: 'load' },
        '99': { zh: '扫码（厂商）', en: 'scan payment (vendor)' },
      },
    },
    26: { name: { zh: '服务点PIN获取码', en: 'PIN capture code' }, type: 'n', length: 2 },
    32: {
      name: { zh: '受理方标识码', en: 'Acquirer id' },
      type: 'n',
      prefix: 'LL',
      max: 11,
      safe: 'shown',
    },
    35: {
      name: { zh: '2磁道数据', en: 'Track 2' },
      type: 'z',
      prefix: 'LL',
      max: 37,
      safe: 'track',
    },
    36: {
      name: { zh: '3磁道数据', en: 'Track 3' },
      type: 'z',
      prefix: 'LLL',
      max: 104,
      safe: 'hidden',
    },
    37: { name: { zh: '检索参考号', en: 'Retrieval reference' }, type: 'an', length: 12 },
    38: { name: { zh: '授权标识应答码', en: 'Authorisation code' }, type: 'an', length: 6 },
    39: {
      name: { zh: '应答码', en: 'Response code' },
      type: 'an',
      length: 2,
      values: Object.fromEntries(
        Object.values(CUP_RESPONSES).map(({ code, name }) => [code, name]),
      ),
      subfields: [{ when: { mti: ['0400'] }, layout: layouts.REVERSAL_REASON }],
    },
    41: { name: { zh: '终端标识码', en: 'Terminal id' }, type: 'ans', length: 8 },
    42: { name: { zh: '商户标识码', en: 'Merchant id' }, type: 'ans', length: 15 },
    43: {
      name: { zh: '商户名称', en: 'Merchant name' },
      type: 'ans',
      encoding: 'gbk',
      length: 40,
    },
    44: {
      name: { zh: '附加响应数据', en: 'Additional response data' },
      type: 'an',
      prefix: 'LL',
      max: 25,
      safe: 'shown',
      subfields: [{ when: { length: [12, 25] }, layout: layouts.ADDITIONAL_RESPONSE }],
    },
    46: {
      name: { zh: '终端或厂商信息', en: 'Terminal or vendor data' },
      type: 'ans',
      encoding: 'gbk',
      prefix: 'LLL',
      max: 999,
      safe: 'digit-runs',
    },
    48: {
      name: { zh: '附加数据-私有', en: 'Additional private data' },
      type: 'n',
      prefix: 'LLL',
      max: 322,
      safe: 'hidden',
      subfields: [
        { when: { mti: ['0500', '0510'], length: 62 }, layout: layouts.SETTLEMENT_TOTALS },
        { when: { mti: ['0320', '0330'], length: 4 }, layout: layouts.BATCH_END },
        { when: { mti: ['0320', '0330'] }, layout: layouts.BATCH_DETAILS },
        { when: { fields: { 3: '620000' }, length: 3 }, layout: layouts.RECEIVING_CARD_ENTRY },
      ],
    },
    49: {
      name: { zh: '交易货币代码', en: 'Currency' },
      type: 'an',
      length: 3,
      values: {
        '156': { zh: '人民币', en: 'CNY' },
        '344': { zh: '港元', en: 'HKD' },
        '446': { zh: '澳门元', en: 'MOP' },
        '840': { zh: '美元', en: 'USD' },
      },
    },
    52: { name: { zh: '个人标识码数据', en: 'PIN data' }, type: 'b', length: 8, safe: 'hidden' },
    53: {
      name: { zh: '安全控制信息', en: 'Security control' },
      type: 'n',
      length: 16,
      safe: 'shown',
      subfields: [{ layout: layouts.SECURITY_CONTROL }],
    },
    54: {
      name: { zh: '附加金额', en: 'Additional amounts' },
      type: 'an',
      prefix: 'LLL',
      max: 40,
      safe: 'shown',
      subfields: [{ layout: layouts.ADDITIONAL_AMOUNTS }],
    },
    55: {
      name: { zh: 'IC卡数据域', en: 'IC card data' },
      type: 'b',
      prefix: 'LLL',
      max: 255,
      safe: 'tlv',
    },
    56: {
      name: { zh: '厂商信息', en: 'Vendor data' },
      type: 'ans',
      encoding: 'gbk',
      prefix: 'LLL',
      max: 999,
      safe: 'hidden',
    },
    57: {
      name: { zh: '显示信息', en: 'Display text' },
      type: 'ans',
      encoding: 'gbk',
      prefix: 'LLL',
      max: 999,
      safe: 'digit-runs',
    },
    58: {
      name: { zh: 'PBOC电子钱包标准的交易信息', en: 'PBOC e-purse data' },
      type: 'ans',
      encoding: 'gbk',
      prefix: 'LLL',
      max: 100,
      safe: 'hidden',
    },
    59: {
      name: { zh: '自定义域', en: 'Custom data (scan code, device)' },
      type: 'ans',
      encoding: 'gbk',
      prefix: 'LLL',
      max: 999,
      safe: 'hidden',
      subfields: [
        { when: { prefix: 'A3' }, layout: layouts.SCAN_PAYMENT_TLV },
        { when: { prefix: 'A4' }, layout: layouts.SCAN_PAYMENT_TLV },
      ],
    },
    60: {
      name: { zh: '自定义域60', en: 'Custom 60' },
      type: 'n',
      prefix: 'LLL',
      max: 19,
      safe: 'shown',
      subfields: [{ layout: layouts.CUSTOM_60 }],
    },
    61: {
      name: { zh: '原始信息域', en: 'Original message' },
      type: 'n',
      prefix: 'LLL',
      max: 29,
      safe: 'shown',
      subfields: [{ layout: layouts.ORIGINAL_MESSAGE }],
    },
    62: {
      name: { zh: '自定义域62', en: 'Custom 62' },
      type: 'b',
      prefix: 'LLL',
      max: 512,
      safe: 'hidden',
      subfields: [
        { when: { ...SM_SIGN_IN, length: 60 }, layout: WORKING_KEY_LAYOUTS.sm60 },
        { when: { mti: ['0810'], length: 24 }, layout: WORKING_KEY_LAYOUTS['24'] },
        { when: { mti: ['0810'], length: 40 }, layout: WORKING_KEY_LAYOUTS['40'] },
        { when: { mti: ['0810'], length: 56 }, layout: WORKING_KEY_LAYOUTS['56'] },
        { when: { mti: ['0810'], length: 84 }, layout: WORKING_KEY_LAYOUTS['84'] },
        { when: { mti: ['0810'], length: 50, prefix: '0' }, layout: layouts.TAGGED_KEYS },
        { when: { mti: ['0810'], length: 75, prefix: '0' }, layout: layouts.TAGGED_KEYS },
        { when: { mti: ['0810'], length: 100, prefix: '0' }, layout: layouts.TAGGED_KEYS },
        { when: { mti: ['0810'], length: 57 }, layout: WORKING_KEY_LAYOUTS['57'] },
        { when: { mti: ['0810'], length: 60 }, layout: WORKING_KEY_LAYOUTS['60'] },
        { when: { mti: ['0800'], prefix: '53657175656E6365' }, layout: layouts.TERMINAL_SERIAL },
        { when: { fields: { 25: '99' }, prefix: '5F' }, layout: layouts.SCAN_CODE_TLV },
      ],
    },
    63: {
      name: { zh: '自定义域63', en: 'Custom 63' },
      type: 'b',
      prefix: 'LLL',
      max: 163,
      safe: 'hidden',
      subfields: [
        { when: { mti: ['xx0x', 'xx2x'], length: 3 }, layout: layouts.OPERATOR },
        { when: { mti: ['xx1x', 'xx3x'] }, layout: layouts.CARD_ORGANISATION },
      ],
    },
    64: { name: { zh: '报文鉴别码', en: 'MAC' }, type: 'b', length: 8, safe: 'shown' },
  },
};

/** The compiled dialect: one for the whole process, it holds no state. */
export const cup: Codec = compile(CUP);

/** The same with a PIN of 16 bytes in field 52, as some acquirers have it for SM4. */
export const cupWithLongPin: Codec = compile({
  ...CUP,
  fields: { ...CUP.fields, 52: { ...CUP.fields[52]!, length: 16 } },
});
