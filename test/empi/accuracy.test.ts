import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import t from 'tap';
import { planColumns } from '../../modules/empi/matching/columns.ts';
import { readIdNumber } from '../../modules/empi/matching/id-number.ts';
import { linkRecords } from '../../modules/empi/matching/link.ts';
import { readRecordFile } from '../../modules/empi/matching/record-file.ts';
import { RecordTableBuilder } from '../../modules/empi/matching/store.ts';
import { POPULATION_COLUMNS } from '../../simulators/population/records.ts';
import { populationTable, qualityOf, tableOf } from './evaluation.ts';
import { FEBRL_COLUMNS, febrlLike, LIKE_FEBRL } from './febrl-like.ts';

const seed = Number(process.env['POSP_TEST_SEED'] ?? 20_261_121);
t.comment(`POSP_TEST_SEED=${seed}`);

const FEBRL = [
  { file: 'dataset1.csv', precision: 0.999, f1: 0.998 },
  { file: 'dataset3.csv', precision: 0.999, f1: 0.998 },
];

for (const { file, precision, f1 } of FEBRL) {
  t.test(`FEBRL ${file}: parameters learned without labels, the default threshold`, async (t) => {
    const builder = new RecordTableBuilder();
    const { recordIds, plan } = readRecordFile(`test/fixtures/empi/${file}`, builder, 0);
    t.same(plan.ignored, []);
    const { links } = await linkRecords(builder.finish());
    const quality = qualityOf(links, recordIds);
    t.comment(JSON.stringify(quality));
    t.ok(quality.precision >= precision, `precision ${quality.precision}`);
    t.ok(quality.f1 >= f1, `F1 ${quality.f1}`);
  });
}

for (const [like, options] of Object.entries(LIKE_FEBRL)) {
  t.test(`people and slips that nobody has looked at, as in FEBRL ${like}`, async (t) => {
    const rows = febrlLike({ ...options, seed });
    const isLinkage = like === 'four';
    const originals = isLinkage ? rows.filter(([id]) => id!.endsWith('-org')) : rows;
    const all = isLinkage ? [...originals, ...rows.filter(([id]) => id!.includes('-dup'))] : rows;
    const firstRecords = isLinkage ? originals.length : 0;
    const table = tableOf(all, planColumns([...FEBRL_COLUMNS]), firstRecords);
    const { links } = await linkRecords(table);
    const ids = all.map(([id]) => id!);
    const quality = qualityOf(links, ids, firstRecords);
    t.comment(JSON.stringify(quality));
    t.ok(quality.precision >= 0.999, `precision ${quality.precision}`);
    t.ok(quality.f1 >= 0.993, `F1 ${quality.f1}`);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'posp-empi-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** FEBRL 1 as another hand would have written it. */
const DISGUISES: {
  what: string;
  headings: Record<string, string>;
  order: number[];
  separator: string;
  encoding: string;
  write: (cell: string, column: number, line: number) => string;
}[] = [
  {
    what: 'Chinese headings, GB 18030, semicolons, dates in words and with slashes',
    headings: {
      given_name: '名',
      surname: '姓',
      date_of_birth: '出生日期',
      soc_sec_id: '身份证号',
      postcode: '邮政编码',
      state: '省份',
    },
    order: [9, 10, 0, 8, 7, 6, 5, 4, 3, 2, 1],
    separator: ';',
    encoding: 'gb18030',
    write: (cell, column, line) => {
      if (column !== 9 || !/^\d{8}$/.test(cell)) return cell;
      const [year, month, day] = [cell.slice(0, 4), cell.slice(4, 6), cell.slice(6)];
      return line % 2 === 0 ? `${day}/${month}/${year}` : `${year}年${month}月${day}日`;
    },
  },
  {
    what: 'other English headings, capitals, quotes, numbers with a decimal point, one more column',
    headings: {
      rec_id: 'Record ID',
      given_name: 'First Name',
      surname: 'LAST_NAME',
      date_of_birth: 'DOB',
      soc_sec_id: 'National-ID',
      postcode: 'Zip Code',
      address_1: 'address_line_1',
    },
    order: [1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10],
    separator: ',',
    encoding: 'utf8',
    write: (cell, column, line) => {
      if (column === 0) return cell;
      if (/^[1-9]\d*$/.test(cell) && line % 3 === 0) return `${cell}.0`;
      return line % 2 === 0 ? `"${cell.toUpperCase()}"` : cell;
    },
  },
];

for (const { what, headings, order, separator, encoding, write } of DISGUISES) {
  t.test(`the same people in other clothes: ${what}`, async (t) => {
    const lines = readFileSync('test/fixtures/empi/dataset1.csv', 'utf8').trimEnd().split('\n');
    const text = lines.map((line, number) => {
      const cells = line.split(',').map((cell) => cell.trim());
      const written = order.map((column) => {
        const cell = cells[column]!;
        return number === 0 ? (headings[cell] ?? cell) : write(cell, column, number);
      });
      return [...written, number === 0 ? 'remark' : 'x'].join(separator);
    });
    const file = join(folder, 'disguised.csv');
    writeFileSync(file, iconv.encode(`${text.join('\r\n')}\r\n`, encoding));
    const builder = new RecordTableBuilder();
    const { recordIds, plan } = readRecordFile(file, builder, 0);
    t.same(plan.ignored, ['remark']);
    const { links } = await linkRecords(builder.finish());
    const quality = qualityOf(links, recordIds);
    t.ok(quality.precision >= 0.999 && quality.f1 >= 0.998, JSON.stringify(quality));
  });
}

t.test(
  'a Chinese population: families, twins, newborns, changed phones, wrong digits',
  async (t) => {
    const { table, recordIds, rows } = populationTable(seed, 20_000);
    const { links, refused } = await linkRecords(table);
    const quality = qualityOf(links, recordIds);
    t.comment(JSON.stringify(quality));
    t.ok(quality.precision >= 0.999, `precision ${quality.precision}`);
    t.ok(quality.f1 >= 0.993, `F1 ${quality.f1}`);
    const validId = (record: number): string | null => {
      const number = rows[record]![5]!.toUpperCase();
      return readIdNumber(number) === null || rows[record]![1]!.includes('之') ? null : number;
    };
    const across = links.filter(({ a, b }) => {
      const first = validId(a);
      const second = validId(b);
      return first !== null && second !== null && first !== second;
    });
    t.same(across, [], 'no link joins two different valid identity numbers');
    t.ok(refused.length > 0, 'pairs that only people may join are named');
  },
);

t.test('two files: only pairs across, and the same accuracy', async (t) => {
  const whole = populationTable(seed + 1, 10_000);
  const isFirst = (id: string) => id.endsWith('org');
  const rows = [
    ...whole.rows.filter(([id]) => isFirst(id!)),
    ...whole.rows.filter(([id]) => !isFirst(id!)),
  ];
  const ids = rows.map(([id]) => id!);
  const firstRecords = ids.filter(isFirst).length;
  const table = tableOf(rows, planColumns([...POPULATION_COLUMNS]), firstRecords);
  const { links } = await linkRecords(table);
  t.ok(links.every(({ a, b }) => a < firstRecords && b >= firstRecords));
  const quality = qualityOf(links, ids, firstRecords);
  t.comment(JSON.stringify(quality));
  t.ok(quality.precision >= 0.999 && quality.f1 >= 0.993, JSON.stringify(quality));
});

t.test('the same records give the same links twice', async (t) => {
  const { table } = populationTable(seed + 2, 3000);
  const first = await linkRecords(table);
  const second = await linkRecords(table, { threads: 2 });
  t.same(second.links, first.links);
  t.same(second.model, first.model);
});
