import t from 'tap';
import { readIdNumber } from '../../modules/empi/matching/id-number.ts';
import { linkRecords } from '../../modules/empi/matching/link.ts';
import { readRecordFile } from '../../modules/empi/matching/record-file.ts';
import { RecordTableBuilder } from '../../modules/empi/matching/store.ts';
import { populationTable, qualityOf } from './evaluation.ts';

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
  const builder = new RecordTableBuilder();
  const first = whole.recordIds.map((id) => id.endsWith('org'));
  const ids: string[] = [];
  const { normalisePerson } = await import('../../modules/empi/matching/normalise.ts');
  for (const source of [0, 1]) {
    whole.rows.forEach((row, index) => {
      if (first[index] !== (source === 0)) return;
      ids.push(row[0]!);
      const [, name, sex, birthDate, idType, idNumber, phone, address] = row as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      builder.add(
        normalisePerson({ name, sex, birthDate, idType, idNumber, phone, address }),
        source,
      );
    });
  }
  const firstRecords = first.filter(Boolean).length;
  const { links } = await linkRecords(builder.finish());
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
