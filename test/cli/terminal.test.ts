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
  const noCard = await terminal('purchase', '--amount', '1', '--card', '12ab');
  t.match(noCard, { code: 2, stdout: '', stderr: /^posp: field 2 [^\n]+\n$/ });
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
