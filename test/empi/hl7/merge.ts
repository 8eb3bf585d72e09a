/** ADT^A40. */
import type { Test } from 'tap';
import { a, b, type Hl7Rig, message, pix, wang } from './rig.ts';

const person = (number: string, name: string) =>
  message('ADT^A28', [`PID|1||${a(number)}||${name}||19${number.slice(1)}0303|M`]);
const pair = (pid: string, mrg: string) => [`PID|1||${pid}`, `MRG|${mrg}`];
const a40 = (...segments: string[]) => message('ADT^A40', segments);

export async function merge(t: Test, rig: Hl7Rig): Promise<void> {
  const twice = a40(...pair(a('m51'), a('m52')), ...pair(a('m53'), a('m54')));
  await rig.table(t, [
    ['one', person('m51', '郑^一'), 'AA'],
    ['two', person('m52', '冯^双'), 'AA'],
    ['three', person('m53', '陈^山'), 'AA'],
    ['four', person('m54', '褚^思'), 'AA'],
    ['five', person('m55', '卫^吾'), 'AA'],
    ['no MRG segment', a40(`PID|1||${a('m51')}`), 'AE 100@PID^1'],
    ['no PID segment', a40(`MRG|${a('m52')}`), 'AE 100@MRG^1'],
    ['neither', a40('EVN|A40'), 'AE 100@PID'],
    ['the prior one is unknown', a40(...pair(a('m51'), a('404'))), 'AE 204@MRG^1^1'],
    ['the surviving one is unknown', a40(...pair(a('404'), a('m52'))), 'AE 204@PID^1^3'],
    ['of two domains', a40(...pair(a('m51'), b('7'))), 'AE 207@MRG^1^1^1^4'],
    ['of another source', a40(...pair('41^^^C', '41^^^C')), 'AE 207@MSH^1^3'],
    [
      'two pairs, the second wrong',
      a40(...pair(a('m51'), a('m52')), ...pair(a('m53'), a('404'))),
      'AE 204@MRG^2^1',
    ],
    ['so the first was not merged', pix('m1', a('m51'), '^^^A'), 'AA OK m51'],
    ['two pairs', twice, 'AA'],
    ['the replaced number is not told', pix('m2', a('m51'), '^^^A'), 'AA OK m51'],
    ['nor the second', pix('m3', a('m53'), '^^^A'), 'AA OK m53'],
    ['the same message again', twice, 'AA'],
    ['its id with another content', twice.replace('m54', 'm55'), 'AE 207@MSH^1^10'],
    ['the replaced one leads nowhere', pix('m4', a('m52')), 'AE AE 204@QPD^1^3^1^1'],
    ['nor is it merged again', a40(...pair(a('m51'), a('m52'))), 'AE 204@MRG^1^1'],
    ['nor fed', person('m52', '冯^双'), 'AE 204@PID^1^3'],
    ['one with itself', a40(...pair(a('m51'), a('m51'))), 'AE 207@MRG^1^1'],
    [
      'a person of A and B with one of A',
      a40(`PID|1||${b('7')}~${a('1')}`, `MRG|${a('m55')}`),
      'AA',
    ],
    ['its data are as they were', message('ADT^A08', [wang(a('1'))]), 'AA'],
  ]);
}
