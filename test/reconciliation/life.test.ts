/** The life of differences in a running system: buffer, ageing, changed files, two persons, suspense. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { adminOf, newOperator, type Session, signIn } from '../api/caller.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, serve, servedFor } from '../support/serve.ts';

t.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'posp-test-life-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'bills'));

const FLOW = {
  name: 'channel',
  layer: 'L3',
  source: 'bank-csv',
  folder: join(folder, 'bills'),
  fileName: '{date}.csv',
  // A time that does not come during the test: runs are asked for.
  at: ['0 0 1 1 *'],
  ours: { folder: join(folder, 'bills'), fileName: '{date}.ndjson' },
};

/** The flow as environment variables that override the sample configuration. */
function overrides(value: unknown, path: string): Record<string, string> {
  if (typeof value !== 'object' || value === null) return { [path]: String(value) };
  const parts = Object.entries(value).map(([key, part]) =>
    overrides(part, `${path}__${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`),
  );
  return Object.assign({}, ...parts);
}

const ENVIRONMENT = overrides(FLOW, 'POSP__RECONCILIATION__FLOWS__0');

interface Line {
  order: string;
  fen: number;
  id?: string;
}

/** The channel's bill and our side of a date. */
function write(date: string, theirs: readonly Line[], ours: readonly Line[]): void {
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const merchant = '123456789012345';
  const bill = theirs.map(
    ({ order, fen, id }) => `${order},,${id ?? `C${order}`},pay,success,${fen},0,${day} 10:00:00`,
  );
  const heading = 'orderId,refundId,channelId,type,status,amountFen,feeFen,occurredAt';
  writeFileSync(join(folder, 'bills', `${date}.csv`), `${[heading, ...bill].join('\n')}\n`);
  const records = ours.map(({ order, fen }) =>
    JSON.stringify({
      orderId: order,
      channelId: `C${order}`,
      type: 'pay',
      amountFen: fen,
      feeFen: 0,
      status: 'success',
      merchantId: merchant,
    }),
  );
  writeFileSync(join(folder, 'bills', `${date}.ndjson`), `${records.join('\n')}\n`);
}

let keys = 0;
const change = (body: unknown) => ({ body, idempotencyKey: `key-${++keys}` });

interface Row {
  id: string;
  orderId: string;
  code: string;
  message?: string;
  gapFen: number;
}

class Office {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async get(path: string): Promise<Record<string, never> & { [name: string]: unknown }> {
    const { status, body, text } = await this.session('GET', path);
    if (status !== 200) throw new Error(`${path}: ${text}`);
    return body;
  }

  /** Asks for a run and waits until the view has it. */
  async run(date: string, waitMs = 20_000): Promise<Record<string, unknown>> {
    const before = await this.runs(date);
    const asked = change({ flow: 'channel', date });
    const { status, text } = await this.session('POST', '/v1/reconciliation/runs', asked);
    if (status !== 200) throw new Error(text);
    const endAtMs = performance.now() + waitMs;
    for (;;) {
      const runs = await this.runs(date);
      if (runs.length > before.length) return runs.at(-1)!;
      // A run that says the same as the one before makes no new version.
      if (performance.now() > endAtMs) return runs.at(-1) ?? {};
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async runs(date: string): Promise<Record<string, unknown>[]> {
    return (await this.get(`/v1/reconciliation/runs?date=${date}&institution=4802`))[
      'runs'
    ] as never;
  }

  async in(state: string): Promise<string[]> {
    const named = ({ code, orderId, message }: Row) => `${code} ${message ?? orderId}`;
    return (await this.rows(state)).map(named).sort();
  }

  /** What is proposed, once it is so many: the module proposes by itself. */
  async proposed(count: number): Promise<string[]> {
    const endAtMs = performance.now() + 20_000;
    for (;;) {
      const found = await this.in('PROPOSED');
      if (found.length >= count || performance.now() > endAtMs) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async rows(state: string): Promise<Row[]> {
    const path = `/v1/reconciliation/differences?state=${state}&institution=4802`;
    return (await this.get(path))['items'] as never;
  }

  propose(differenceId: string, action: string) {
    const request = { differenceId, action };
    const wanted = { operation: 'reconciliation-adjustment', request, why: 'test' };
    return this.session('POST', '/v1/proposals', change(wanted));
  }

  decide(proposalId: unknown, what: 'approval' | 'rejection') {
    return this.session('POST', `/v1/proposals/${proposalId}/${what}`, change({ why: 'test' }));
  }

  async suspense() {
    return this.get('/v1/reconciliation/suspense?institution=4802');
  }
}

async function officeOf(admin: Session, id: string, served: Served): Promise<Office> {
  return new Office(await newOperator(admin, served, id, ['finance']));
}

/** Balance of each account that reconciliation posts to, from the ledger itself. */
async function balances(dataDir: string): Promise<Record<string, number>> {
  const ran = await posp(['ledger', 'trial-balance', '--data', dataDir, '--json']);
  const rows = documentOf(ran)['lines'] as {
    code: number;
    debitsPostedFen: number;
    creditsPostedFen: number;
  }[];
  const found: Record<string, number> = {};
  for (const { code, debitsPostedFen, creditsPostedFen } of rows) {
    found[code] = (found[code] ?? 0) + debitsPostedFen - creditsPostedFen;
  }
  return found;
}

t.test('differences live and end', async (t) => {
  const served = await servedFor(t, 'life', ENVIRONMENT);
  const admin = await adminOf(served);
  const clerk = await officeOf(admin, 'clerk', served);
  const chief = await officeOf(admin, 'chief', served);

  write(
    '20260701',
    [
      { order: 'A', fen: 100 },
      { order: 'D', fen: 400 },
      { order: 'D', fen: 400, id: 'CD2' },
      { order: 'E', fen: 500 },
    ],
    [
      { order: 'B', fen: 200 },
      { order: 'D', fen: 400 },
      { order: 'E', fen: 501 },
      { order: 'F', fen: 600 },
    ],
  );
  const first = await clerk.run('20260701');
  t.match(first, { outcome: 'done', version: 1, matched: 1, appeared: 5, disappeared: 0 });
  const progress = () => clerk.get('/v1/reconciliation/progress');
  while ((await progress())['current'] !== null) await new Promise((look) => setTimeout(look, 50));
  t.strictSame(await clerk.in('BUFFERED'), ['CH_ONLY A', 'OUR_ONLY B', 'OUR_ONLY F']);

  await t.test('what needs no judgement is proposed by itself', async (t) => {
    t.strictSame(await clerk.proposed(1), ['DUP D']);
    t.strictSame(await clerk.in('CONFIRMED'), ['AMT_HIGH E']);
  });

  await t.test('a changed bill is a new version that says what changed', async (t) => {
    const same = await chief.run('20260701', 4_000);
    t.equal(same['version'], 1, 'the same files make no new version');
    write(
      '20260701',
      [
        { order: 'D', fen: 400 },
        { order: 'D', fen: 400, id: 'CD2' },
        { order: 'E', fen: 500 },
        { order: 'G', fen: 700 },
      ],
      [
        { order: 'B', fen: 200 },
        { order: 'D', fen: 400 },
        { order: 'E', fen: 501 },
        { order: 'F', fen: 600 },
      ],
    );
    const second = await clerk.run('20260701');
    t.match(second, { version: 2, appeared: 1, disappeared: 1, changedFile: {} });
    t.strictSame(await clerk.in('AUTO_CLEARED'), ['CH_ONLY A']);
    t.strictSame(await clerk.in('BUFFERED'), ['CH_ONLY G', 'OUR_ONLY B', 'OUR_ONLY F']);
  });

  await t.test('the other half in the bill of the next day clears both', async (t) => {
    write('20260702', [{ order: 'B', fen: 200 }], []);
    await clerk.run('20260702');
    t.strictSame(await clerk.in('AUTO_CLEARED'), ['CH_ONLY A', 'CH_ONLY B', 'OUR_ONLY B']);
    const event = await clerk.get('/v1/reconciliation/events?orderId=B&institution=4802');
    t.equal((event['legs'] as never as unknown[]).length, 2);
  });

  await t.test('a missing or broken bill is a difference until a good one comes', async (t) => {
    const missing = await clerk.run('20260703');
    t.match(missing, { outcome: 'missing' });
    t.strictSame(await clerk.in('CONFIRMED'), ['AMT_HIGH E', 'FILE the bill is missing']);
    writeFileSync(join(folder, 'bills', '20260703.csv'), 'nonsense\n');
    writeFileSync(join(folder, 'bills', '20260703.ndjson'), '');
    t.match(await clerk.run('20260703'), { outcome: 'refused', reason: /line 1: the heading/ });
    write('20260703', [], []);
    t.match(await clerk.run('20260703'), { outcome: 'done', version: 3 });
    // What the channel has too much of is proposed for a refund as soon as it is confirmed.
    const found = new Set([...(await clerk.in('CONFIRMED')), ...(await clerk.in('PROPOSED'))]);
    t.strictSame([...found].sort(), ['AMT_HIGH E', 'CH_ONLY G', 'DUP D', 'OUR_ONLY F']);
  });

  await adjust(t, clerk, chief, served);

  const report = await clerk.session(
    'GET',
    `/v1/reconciliation/runs/${first['runId']}/report/html`,
  );
  t.match(report.text, /对账 Reconciliation bank-csv 2026-07-01/);

  await t.test('the view is the same after a restart', async (t) => {
    const before = await clerk.in('CLOSED');
    t.equal(await served.stop(), 0);
    const again = await serve(served.dataDir, ENVIRONMENT);
    t.teardown(() => again.kill());
    const back = new Office(await signIn(again, 'clerk', 'a password of clerk'));
    t.strictSame(await back.in('CLOSED'), before);
    t.equal(await again.stop(), 0);
  });
});

/** Money moves when a second person approves, in new balanced entries. */
async function adjust(t: Test, clerk: Office, chief: Office, served: Served): Promise<void> {
  await t.test('adjustments', async (t) => {
    const rows = [...(await clerk.rows('CONFIRMED')), ...(await clerk.rows('PROPOSED'))];
    const id = (orderId: string): string => rows.find((row) => row.orderId === orderId)!.id;
    t.match(await clerk.propose(id('F'), 'refund'), {
      status: 409,
      body: { code: 'action_not_possible' },
    });
    const proposed = await clerk.propose(id('F'), 'suspend');
    t.equal(proposed.status, 200, proposed.text);
    const { proposalId } = proposed.body;
    t.equal((await clerk.decide(proposalId, 'approval')).status, 403, 'not by the same person');
    t.strictSame((await balances(served.dataDir))['1201'] ?? 0, 0, 'nothing moved yet');
    t.equal((await chief.decide(proposalId, 'rejection')).status, 200);
    t.notOk((await clerk.in('POSTED')).length, 'rejected');

    const again = await clerk.propose(id('F'), 'suspend');
    t.equal((await chief.decide(again.body['proposalId'], 'approval')).status, 200);
    t.match(await clerk.suspense(), { shortFen: 600, longFen: 0, byDate: [{ date: '20260701' }] });
    t.equal((await balances(served.dataDir))['1201'], 600, 'the ledger says the same');

    const lost = await clerk.propose(id('F'), 'write-off');
    t.equal((await chief.decide(lost.body['proposalId'], 'approval')).status, 200);
    t.match(await clerk.suspense(), { shortFen: 0, longFen: 0, byDate: [] });
    const written = await balances(served.dataDir);
    t.strictSame([written['1201'], written['5002'], written['1102']], [0, 600, -600]);

    const long = await clerk.propose(id('E'), 'suspend');
    t.equal((await chief.decide(long.body['proposalId'], 'approval')).status, 200);
    const posted = await balances(served.dataDir);
    t.equal(posted['1201'], 1, 'we booked a fen too much');

    const open = (await chief.get('/v1/proposals?state=open'))['items'] as never as {
      proposalId: string;
      proposedBy: string;
      request: { differenceId: string };
    }[];
    const own = open.filter(({ request }) => request.differenceId === id('D'));
    t.match(own, [{ proposedBy: 'system' }]);
    t.equal((await chief.decide(own[0]!.proposalId, 'approval')).status, 200);
    const verified = documentOf(
      await posp(['ledger', 'verify', '--data', served.dataDir, '--json']),
    );
    t.match(verified, { chainVerified: true, balancesVerified: true });
    t.equal(verified['debitsFen'], verified['creditsFen']);
    t.strictSame(await clerk.in('CLOSED'), ['DUP D', 'OUR_ONLY F']);
  });
}
