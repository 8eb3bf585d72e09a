/** Bills of an aggregator, of banks, and of the health insurance. */
import type { Line } from '../day.ts';
import { total, yuan } from './text.ts';

/** 25 values of the aggregator's text, in fen. */
export function leshua(lines: readonly Line[]): string {
  return lines
    .map((line) => {
      const refund = line.kind === 'refund';
      const id = refund ? line.channelRefundId : line.channelId;
      return [
        ...['BT', id.slice(-6), line.time, id, 'M1', '60', line.amountFen, line.feeFen],
        ...[line.amountFen - line.feeFen, refund ? '2' : '1', '', 'WX', '', '', '', '', '10000001'],
        ...[line.orderId, line.refundId, line.time, '', '', 'OTHERS', 'oU', ''],
      ].join(',');
    })
    .join('\n');
}

export function pipe(lines: readonly Line[]): string {
  const signed = (line: Line): number =>
    line.kind === 'refund' ? -line.amountFen : line.amountFen;
  return [
    'H|20261120|898000000000001',
    ...lines.map((line) =>
      [
        'D',
        line.kind === 'refund' ? line.refundId : line.orderId,
        line.kind === 'refund' ? line.channelRefundId : line.channelId,
        line.time,
        yuan(signed(line)),
        yuan(line.feeFen),
        line.name,
      ].join('|'),
    ),
    `T|${lines.length}|${yuan(total(lines, signed))}`,
    '',
  ].join('\n');
}

export function csv(lines: readonly Line[]): string {
  return [
    '\uFEFForderId,refundId,channelId,type,status,amountFen,feeFen,occurredAt,remark',
    ...lines.map((line) =>
      [
        line.orderId,
        line.refundId,
        line.kind === 'refund' ? line.channelRefundId : line.channelId,
        line.kind,
        line.failed ? 'failed' : 'success',
        line.amountFen,
        line.feeFen,
        `${line.time.replace(' ', 'T')}+08:00`,
        `"${line.name}"`,
      ].join(','),
    ),
    '',
    '',
  ].join('\n');
}

export function insurance(lines: readonly Line[]): string {
  const rows = lines.map((line) =>
    [
      'P0001',
      'M0001',
      line.kind === 'refund' ? line.refundId : line.orderId,
      line.kind === 'refund' ? line.channelRefundId : line.channelId,
      '0',
      line.kind === 'refund' ? '1' : '0',
      '',
      yuan(line.amountFen),
      '0.00',
      '0.00',
    ].join('\t'),
  );
  return `${rows.join('\n')}\n`;
}
