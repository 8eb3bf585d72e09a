import { join } from 'node:path';
import t from 'tap';
import { CARD } from '../support/cards.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

t.test('posp terminal plays a day against posp serve', async (t) => {
  const served = await servedFor(t, 'terminal');
  const slips = join(served.dataDir, 'slips.json');
  const terminal = (...args: string[]) =>
    posp(['terminal', ...args, '--port', String(served.port), '--slips', slips, '--json']);

  const cases: [args: string[], code: string, exit: number][] = [
    [['sign-in'], '00', 0],
    [['echo'], '00', 0],
    [['purchase', '--amount', '12.50', '--pin', '123456'], '00', 0],
    [['purchase', '--amount', '12.50', '--pin', '111111'], '55', 1],
    [['purchase', '--amount', '1', '--card', CARD.lost], '41', 1],
    [['balance'], '00', 0],
    [['void'], '00', 0],
    [['void'], '12', 1],
    [['purchase', '--amount', '3'], '00', 0],
    [['refund', '--amount', '1.20'], '00', 0],
    [['settle'], '00', 0],
    [['purchase', '--amount', '1', '--pin', '123456', '--terminal', '10000019'], '00', 0],
    [['purchase', '--amount', '1', '--pin', '654321', '--terminal', '10000019'], '55', 1],
    [['sign-off'], '00', 0],
  ];
  for (const [args, code, exit] of cases) {
    const ran = await terminal(...args);
    const document = documentOf(ran);
    t.equal(document['responseCode'], code, `${args.join(' ')}: ${code}`);
    t.equal(ran.code, exit);
    t.notMatch(ran.stdout, new RegExp(CARD.good), 'card numbers are masked');
  }
  // biome-ignore format: one line a case.
  const wrong: [line: string, stderr: RegExp][] = [
    ['purchase --amount 1 --card 12ab',           /^posp: field 2 [^\n]+\n$/],
    ['purchase',                                  /^posp: say the amount in yuan with --amount/],
    ['purchase --amount 1.234',                   /^posp: --amount: expected yuan with at most two decimals, not 1\.234\n$/],
    ['purchase --amount 99999999999',             /^posp: --amount: at most 9999999999\.99 yuan/],
    ['echo --terminal 123',                       /^posp: --terminal: expected 8 letters or digits, not '123'\n$/],
    ['echo --merchant 1',                         /^posp: --merchant: expected 15 /],
    ['refund --amount 1 --original 000000000123', /^posp: --original: terminal 10000001 has no slip of a purchase [^\n]+ 000000000123; [^\n]+, last \d{12}\n$/],
    ['echo --chips /nowhere/chips.json',          /^posp: --chips: \/nowhere\/chips\.json cannot be used \(ENOENT\)\n$/],
    ['echo --chips README.md',                    /^posp: --chips: README\.md cannot be used \(it is not what the simulator wrote\)\n$/],
    ['pre-auth-void',                             /^posp: terminal 10000001 has made no pre-authorisation yet: [^\n]+\n$/],
  ];
  for (const [line, stderr] of wrong) {
    t.match(await terminal(...line.split(' ')), { code: 2, stdout: '', stderr }, line);
  }
  const nobody = await posp(['terminal', 'echo', '--port', '1', '--slips', slips]);
  t.match(nobody, { code: 1, stderr: /^posp: 127\.0\.0\.1:1 takes no connection: [^\n]+\n$/ });
  const people = await posp([
    'terminal',
    'balance',
    '--port',
    String(served.port),
    '--slips',
    slips,
  ]);
  t.match(people.stdout, /余额查询/);
  t.match(people.stdout, /621999\*+0010/);
});
