/** Files of UnionPay with fixed columns: COM and its kin, refunds, errors, ZM. */
import type { Line } from '../day.ts';
import { gbk, placed } from './text.ts';

const COM_BYTES = 299;
/** With the columns that name merchant and address, up to the payment method. */
const COM_EXTENDED_BYTES = 719;

function comTime(line: Line): string {
  return line.time.replace(/[-: ]/g, '').slice(4);
}

function comLine(line: Line, extended: boolean): Buffer {
  const trace = line.channelId.slice(-6);
  const reference = line.kind === 'refund' ? line.refundId : line.orderId;
  const cancel = line.kind === 'cancel';
  const mti = cancel ? '0420' : line.kind === 'refund' ? '0220' : '0200';
  const fee = String(line.feeFen).padStart(11, '0');
  // A name of 40 bytes that ends in the middle of a character.
  const name = gbk(`X${'海军总医院门诊部'.repeat(4)}`).subarray(0, 40);
  return placed(extended ? COM_EXTENDED_BYTES : COM_BYTES, [
    [0, '48021000'],
    [12, '00010000'],
    [24, line.kind === 'refund' ? line.channelRefundId.slice(-6) : trace],
    [31, comTime(line)],
    [42, '6228480000000000018'],
    [62, String(line.amountFen).padStart(12, '0')],
    [101, mti],
    [106, line.kind === 'refund' ? '200000' : '000000'],
    [113, '8062'],
    [118, '10000001'],
    [127, '123456789012345'],
    [143, cancel ? '' : reference],
    [156, '00'],
    [159, '123456'],
    [166, '01030000'],
    [178, cancel ? trace : '000000'],
    [185, line.failed ? '51' : '00'],
    [188, '051'],
    [192, '000000000000'],
    [205, `${line.kind === 'refund' ? 'C' : 'D'}${fee}`],
    [218, '000000000000'],
    [231, '0'],
    [241, cancel ? comTime(line) : '0000000000'],
    [252, '01030000'],
    [264, '0'],
    [266, '01'],
    ...(extended
      ? ([
          [328, '1120'],
          [336, name],
          [377, '156'],
          [391, fee.slice(-9)],
        ] as const)
      : []),
  ]);
}

export function com(lines: readonly Line[], extended: boolean): Buffer {
  const end = Buffer.from('\r\n');
  return Buffer.concat(lines.flatMap((line) => [comLine(line, extended), end]));
}

/** COM's widths with those of the refund flow that differ, and what stands behind them. */
const REFUND_WIDTHS = [
  ...[11, 11, 6, 10, 19, 12, 12, 11, 4, 6, 4, 8, 15, 12, 2, 6, 11, 6, 2, 3, 12, 12, 11, 1, 3, 1, 1],
  ...[10, 11, 1, 2, 2, 11, 14, 19, 2, 40, 4],
];

export function refundLine(line: Line): string {
  const values = Array.from(REFUND_WIDTHS, () => '');
  const put = (field: number, value: string): void => {
    values[field - 1] = value;
  };
  put(1, '48021000');
  put(2, '00010000');
  put(3, line.channelRefundId.slice(-6));
  put(4, comTime(line));
  put(5, '6228480000000000018');
  put(6, String(line.amountFen).padStart(12, '0'));
  put(9, '0220');
  put(10, '200000');
  put(13, '123456789012345');
  put(14, line.refundId);
  put(19, '00');
  put(22, `C${String(line.feeFen).padStart(11, '0')}`);
  put(29, '01030000');
  return values.map((value, at) => value.padEnd(REFUND_WIDTHS[at]!)).join(' ');
}

/** One line of the error flow: a credit that UnionPay adjusted of an earlier payment. */
export function errorLine(originalReference: string, amountFen: number): string {
  const values: [width: number, value: string][] = [
    ...([
      [3, 'E74'],
      [11, '48021000'],
      [11, '00010000'],
      [6, '000001'],
      [10, '1120120000'],
      [19, '6228480000000000018'],
      [12, String(amountFen).padStart(12, '0')],
      [4, '0422'],
      [6, '200000'],
      [4, '8062'],
      [8, '10000001'],
      [12, originalReference],
    ] as [number, string][]),
    ...[2, 6, 11, 11, 6, 2, 3, 12, 12, 12, 12, 12, 12].map((width): [number, string] => [
      width,
      '',
    ]),
    [4, '4808'],
  ];
  return `${values.map(([width, value]) => value.padEnd(width)).join(' ')}\r\n`;
}

/** A line of the all-channel merchant error file (ZME), by the widths of its published table. */
export function merchantErrorLine(trace: string, time: string, amountFen: number): string {
  const values: [width: number, value: string][] = [
    [3, 'E74'],
    [11, '48021000'],
    [11, '00010000'],
    [6, trace],
    [10, time],
    [19, '6228480000000000018'],
    [12, String(amountFen).padStart(12, '0')],
    [4, '5311'],
    [2, '07'],
    [2, '00'],
    [6, '000001'],
    [10, '1119101500'],
    [4, '4808'],
    [12, String(amountFen).padStart(12, '0')],
    [13, 'C000000000000'],
    [13, `D${String(amountFen).padStart(12, '0')}`],
    [15, '123456789012345'],
    [15, ''],
    [1, ''],
    [12, ''],
    [2, ''],
    [135, ''],
  ];
  return `${values.map(([width, value]) => value.padEnd(width)).join(' ')}\r\n`;
}

/** A void names what it undoes by one of three numbers, as files do. */
function zmVoided(line: Line): [at: number, text: string][] {
  const way = Number(line.channelId.slice(-1)) % 3;
  if (way === 0) return [[271, line.channelId.slice(-20)]];
  if (way === 1) return [[476, line.orderId]];
  return [
    [148, line.channelId.slice(-6)],
    [155, comTime(line)],
  ];
}

export function zmLine(line: Line): Buffer {
  const refund = line.kind === 'refund';
  const cancel = line.kind === 'cancel';
  return placed(607, [
    [0, refund ? 'S30' : cancel ? 'S31' : 'S22'],
    [4, '48021000'],
    [16, '00010000'],
    [28, cancel ? '999999' : line.channelId.slice(-6)],
    [35, comTime(line)],
    [46, '6228480000000000018'],
    [66, String(line.amountFen).padStart(12, '0')],
    [79, '8062'],
    [84, '07'],
    [87, `${cancel ? 'V' : ''}${(refund ? line.channelRefundId : line.channelId).slice(-20)}`],
    [112, refund ? line.refundId : `${cancel ? 'V' : ''}${line.orderId}`],
    [155, '0000000000'],
    [166, `${refund ? 'C' : 'D'}${String(line.feeFen).padStart(12, '0')}`],
    [215, refund ? '04' : cancel ? '31' : '01'],
    [293, '898000000000001'],
    [476, refund ? line.orderId : ''],
    ...(cancel ? zmVoided(line) : []),
  ]);
}
