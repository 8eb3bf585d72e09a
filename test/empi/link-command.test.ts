import '../support/plain-children.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const folder = mkdtempSync(join(tmpdir(), 'posp-empi-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const posp = (...words: string[]) =>
  spawnSync(process.execPath, ['dist/cli/main.js', 'empi', ...words], { encoding: 'utf8' });

t.test('posp empi link', async (t) => {
  const out = join(folder, 'links.csv');
  const text = execFileSync(
    process.execPath,
    ['dist/cli/main.js', 'empi', 'link', 'test/fixtures/empi/dataset1.csv', '--out', out, '--json'],
    { encoding: 'utf8' },
  );
  const answer = JSON.parse(text) as Record<string, number>;
  t.equal(answer['records'], 1000);
  t.ok(answer['candidatePairs']! >= answer['links']!);
  t.type(answer['seconds'], 'number');
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  t.equal(lines[0], 'rec_id_a,rec_id_b,probability');
  t.equal(lines.length - 1, answer['links']);
  t.match(lines[1], /^rec-\d+-(?:org|dup-\d),rec-\d+-(?:org|dup-\d),[01]\.\d{6}$/);
});

t.test('rec_id decides nothing: other names give the same links', async (t) => {
  const lines = readFileSync('test/fixtures/empi/dataset1.csv', 'utf8').trimEnd().split('\n');
  const renamed = join(folder, 'renamed.csv');
  writeFileSync(
    renamed,
    lines
      .map((line, index) => (index === 0 ? line : `x${index}${line.slice(line.indexOf(','))}`))
      .join('\n'),
  );
  const both = ['test/fixtures/empi/dataset1.csv', renamed].map((file, index) => {
    const out = join(folder, `out-${index}.csv`);
    t.equal(posp('link', file, '--out', out).status, 0);
    return readFileSync(out, 'utf8').trimEnd().split('\n').slice(1);
  });
  const place = new Map(
    lines.map((line, index) => [line.slice(0, line.indexOf(',')), `x${index}`]),
  );
  const translated = both[0]!.map((line) => {
    const [a, b, p] = line.split(',');
    return [place.get(a!), place.get(b!), p].join(',');
  });
  t.same(both[1], translated);
});

t.test('train, then link with what was learned', async (t) => {
  const model = join(folder, 'model.json');
  t.equal(posp('train', 'test/fixtures/empi/dataset3.csv', '--out', model).status, 0);
  const linked = posp('link', 'test/fixtures/empi/dataset1.csv', '--model', model, '--json');
  t.ok((JSON.parse(linked.stdout) as { links: number }).links >= 498);
});

t.test('wrong usage and unreadable input: exit 2 and one line', async (t) => {
  const broken = join(folder, 'broken.csv');
  writeFileSync(broken, 'name,sex\n王伟,男\n');
  let files = 0;
  const malformed = (text: string): string => {
    const file = join(folder, `malformed-${files++}.csv`);
    writeFileSync(file, text);
    return file;
  };
  const cases: [string[], RegExp][] = [
    [['link', join(folder, 'none.csv')], /cannot read .*none\.csv/],
    [['link', folder], /cannot read/],
    [['link', malformed('')], /is empty/],
    [['link', malformed('PK\0\0\n')], /is no text/],
    [['link', malformed('rec_id,colour\n1,blue\n')], /has no column that tells persons apart/],
    [['link', malformed('rec_id,name,sex\n1,王伟,男\n2,李强\n')], /line 3: 2 cells, .* 3/],
    [['link', malformed('rec_id,name\n1,王伟,男\n')], /line 2: 3 cells, .* 2/],
    [['link', malformed('rec_id,name\n ,王伟\n')], /line 2: there is no rec_id/],
    [['link', malformed('rec_id,name\n1,王伟\n1,李强\n')], /line 3: the rec_id 1 was there/],
    [['link', malformed('rec_id,name\n1,"王伟\n2,李强\n')], /line 2: a quote is opened/],
    [['link', broken], /has no column rec_id/],
    [['link', 'test/fixtures/empi/dataset1.csv', '--threshold', '2'], /between 0 and 1/],
    [['link', 'test/fixtures/empi/dataset1.csv', '--model', broken], /cannot read the parameters/],
  ];
  for (const [words, expected] of cases) {
    const { status, stderr } = posp(...words);
    t.equal(status, 2, words.join(' '));
    t.match(stderr, expected);
    t.equal(stderr.trim().split('\n').length, 1);
  }
});

t.test('small and odd files', async (t) => {
  const cases: [string, string, number][] = [
    ['no record', 'rec_id,name\n', 0],
    ['one record', 'rec_id,name\n1,王伟\n', 0],
    [
      'twice the same valid number',
      'rec_id,姓名,身份证号\n1,王芳,11010519491231002X\n2,王芳,11010519491231002X\n3,李强,\n',
      1,
    ],
    [
      'quotes and other separators',
      'rec_id;name;id_number\n"a;1";王芳;11010519491231002X\n"b""2";王芳;11010519491231002X\n',
      1,
    ],
    [
      'CR LF',
      'rec_id,name,id_number\r\n1,王芳,11010519491231002X\r\n2,王芳,11010519491231002X\r\n',
      1,
    ],
    [
      'CR alone',
      'rec_id,name,id_number\r1,王芳,11010519491231002X\r2,王芳,11010519491231002X\r',
      1,
    ],
    [
      'tabs, empty cells and quotes',
      'rec_id\tsex\tname\tid_number\n1\t\t"王芳"\t11010519491231002X\n2\t\t"王芳"\t11010519491231002X\n',
      1,
    ],
    [
      'a byte order mark and names of records that look like anything',
      '\ufeffrec_id,name,id_number\n7,王芳,11010519491231002X\n#/ü 8,王芳,11010519491231002X\n',
      1,
    ],
  ];
  for (const [what, text, links] of cases) {
    const file = join(folder, 'odd.csv');
    writeFileSync(file, text);
    const { stdout, stderr, status } = posp('link', file, '--json');
    t.equal(status, 0, `${what}: ${stderr}`);
    t.equal((JSON.parse(stdout) as { links: number }).links, links, what);
  }
});
