/** When flows run, and which file of a folder is the bill of a date. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { dueSlots, type Flow, fileOf } from '../../modules/reconciliation/flow/flow.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-test-schedule-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const flow = (at: string[], daysBack = 1): Flow => ({
  name: 'wechat',
  layer: 'L3',
  source: 'wechat',
  institution: '4802',
  folder,
  fileName: '{date}.csv',
  ours: 'journal',
  at,
  daysBack,
  bufferDays: 2,
  proposesRefunds: true,
});

// biome-ignore format: one line a case.
const DUE: [what: string, flow: Flow, now: string, slots: string[]][] = [
  ['after ten in Shanghai',   flow(['0 10 * * *']),                '2026-11-21T02:30:00Z', ['2026-11-21T10:00 20261120']],
  ['exactly at ten',          flow(['0 10 * * *']),                '2026-11-21T02:00:00Z', ['2026-11-21T10:00 20261120']],
  ['before ten: yesterday’s', flow(['0 10 * * *']),                '2026-11-21T01:59:59Z', ['2026-11-20T10:00 20261119']],
  ['twice a day',             flow(['0 10 * * *', '30 14 * * *']), '2026-11-21T07:00:00Z', ['2026-11-21T10:00 20261120', '2026-11-21T14:30 20261120']],
  ['the same day',            flow(['0 23 * * *'], 0),             '2026-11-21T15:30:00Z', ['2026-11-21T23:00 20261121']],
  ['over the year',           flow(['0 10 * * *']),                '2027-01-01T03:00:00Z', ['2027-01-01T10:00 20261231']],
  ['long missed',             flow(['0 10 1 * *']),                '2026-11-21T03:00:00Z', []],
];

t.test('due times', async (t) => {
  for (const [what, of, now, slots] of DUE) {
    const due = dueSlots(of, 'Asia/Shanghai', Date.parse(now));
    t.strictSame(
      due.map(({ name, date }) => `${name} ${date}`),
      slots,
      what,
    );
  }
});

t.test('files', async (t) => {
  for (const name of [
    '20261120.csv',
    'bill-2026-11-20.zip',
    'INN26112088ZM_1',
    'INN26112088ZM_2',
  ]) {
    writeFileSync(join(folder, name), '');
  }
  // biome-ignore format: one line a case.
  const cases: [pattern: string, found: string | null][] = [
    ['{date}.csv',      '20261120.csv'],
    ['bill-{day}.*',    'bill-2026-11-20.zip'],
    ['INN*ZM_*',        'INN26112088ZM_2'],
    ['{date}.txt',      null],
    ['.*',              null],
  ];
  for (const [pattern, found] of cases) {
    const path = fileOf(folder, pattern, '20261120');
    t.equal(path === null ? null : basename(path), found, pattern);
  }
  t.equal(fileOf(join(folder, 'nowhere'), '*', '20261120'), null);
});
