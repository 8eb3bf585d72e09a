/** The socket of the command line: what is long arrives whole, what is too long is told so. */
import t from 'tap';
import { askControl, serveControl } from '../../api/control.ts';

t.test('requests of any length', async (t) => {
  const dataDir = t.testdir();
  const control = await serveControl(dataDir, {
    length: async ({ text }) => String(text).length,
    fail: async () => {
      throw new Error('it cannot be done');
    },
  });
  t.teardown(() => control.close());
  // biome-ignore format: a table, one case a line.
  const cases: [what: string, name: string, length: number, answer: object][] = [
    ['short',              'length',  10,          { result: 10 }],
    ['a long bill',        'length',  2_000_000,   { result: 2_000_000 }],
    ['too long',           'length',  9_000_000,   { error: /at most 8388608 characters/ }],
    ['an unknown command', 'nothing', 10,          { error: /does not know/ }],
    ['a handler throws',   'fail',    10,          { error: 'it cannot be done' }],
  ];
  for (const [what, name, length, answer] of cases) {
    t.match(await askControl(dataDir, name, { text: 'x'.repeat(length) }), answer, what);
  }
  t.equal(await askControl(t.testdirName.concat('-none'), 'length', {}), null, 'nobody there');
});
