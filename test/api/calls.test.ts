/** The API's calls through its door: cards, money by two persons, lists, audit, a restart. */
import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { serve, servedFor } from '../support/serve.ts';
import { adminOf, call, newOperator, signIn } from './caller.ts';

let keys = 0;
const change = (body: unknown) => ({ body, idempotencyKey: `key-${++keys}` });

t.test('calls', async (t) => {
  const served = await servedFor(t, 'api-calls');
  const admin = await adminOf(served);
  const cashier = await newOperator(admin, served, 'cashier', ['cashier']);
  const chief = await newOperator(admin, served, 'chief', ['finance']);

  await t.test('a card is issued once, whatever is repeated', async (t) => {
    const number = '6219991000000000019';
    const options = change({ number, expiry: '3012', pin: '123456' });
    const [first, second] = await Promise.all([
      call(served, 'POST', '/v1/cards', options),
      call(served, 'POST', '/v1/cards', options),
    ]);
    t.equal(first.status, 200, first.text);
    t.strictSame(second.body, first.body, 'at once: the same answer');
    const third = await call(served, 'POST', '/v1/cards', options);
    t.strictSame(third.body, first.body, 'later: the same answer');
    const other = { ...options, body: { number, expiry: '3112' } };
    t.match(await call(served, 'POST', '/v1/cards', other), {
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    t.match(await call(served, 'POST', '/v1/cards', change(options.body)), {
      status: 409,
      body: { code: 'card_exists' },
    });
    t.notMatch(first.text, number, 'the number is masked');
  });

  let deposited = '';
  await t.test('money moves when two persons want it', async (t) => {
    const found = await call(served, 'POST', '/v1/cards/lookup', {
      body: { number: '6219991000000000019' },
    });
    const cardId = String(found.body['cardId']);
    deposited = cardId;
    const balance = async () =>
      (await call(served, 'GET', `/v1/cards/${cardId}/balance`)).body['availableFen'];
    const wanted = {
      operation: 'card-deposit',
      request: { cardId, amountFen: 12_345 },
      why: '窗口充值',
    };
    const proposed = await cashier('POST', '/v1/proposals', change(wanted));
    t.match(proposed, { status: 200, body: { state: 'open', proposedBy: 'operator:cashier' } });
    t.equal(await balance(), 0, 'not yet');
    const decision = `/v1/proposals/${proposed.body['proposalId']}`;
    t.equal(
      (await cashier('POST', `${decision}/approval`, change({ why: 'ok' }))).status,
      403,
      'no right',
    );
    const byAdmin = await admin('POST', '/v1/proposals', change(wanted));
    const own = await admin(
      'POST',
      `/v1/proposals/${byAdmin.body['proposalId']}/approval`,
      change({ why: 'ok' }),
    );
    t.match(own, { status: 403 }, 'not by the one who asked');
    t.match(
      await chief(
        'POST',
        `/v1/proposals/${byAdmin.body['proposalId']}/rejection`,
        change({ why: 'twice' }),
      ),
      { body: { state: 'rejected' } },
    );
    const approved = await chief('POST', `${decision}/approval`, change({ why: '已核' }));
    t.match(approved, {
      status: 200,
      body: { state: 'approved', decision: { by: 'operator:chief' } },
    });
    t.equal(await balance(), 12_345);
    t.match(await admin('POST', `${decision}/rejection`, change({ why: 'late' })), {
      status: 409,
      body: { code: 'already_decided' },
    });
    t.equal(await balance(), 12_345, 'decided once');
    const tooMuch = {
      operation: 'card-withdrawal',
      request: { cardId, amountFen: 99_999 },
      why: 'x',
    };
    const failing = await cashier('POST', '/v1/proposals', change(tooMuch));
    const refused = await chief(
      'POST',
      `/v1/proposals/${failing.body['proposalId']}/approval`,
      change({ why: 'x' }),
    );
    t.match(
      refused,
      { status: 422, body: { code: 'exceeds_credits' } },
      'the ledger has the last word',
    );
    t.match((await chief('GET', '/v1/proposals?state=failed')).body['items'], [
      { operation: 'card-withdrawal' },
    ]);
  });

  await t.test('transactions, statement, trial balance, journal', async (t) => {
    const terminal = new OutsideTerminal('10000001', OUTPATIENT);
    await terminal.connect(served.port);
    await terminal.signIn();
    for (const amountFen of [100, 200, 300])
      await terminal.ask(terminal.purchase(CARD.good, amountFen));
    terminal.disconnect();
    const { body } = await call(served, 'POST', '/v1/cards/lookup', {
      body: { number: CARD.good },
    });
    const cardId = String(body['cardId']);
    const lines: number[] = [];
    let path = `/v1/cards/${cardId}/statement?pageSize=2`;
    for (let pages = 0; pages < 5; pages++) {
      const page = await call(served, 'GET', path);
      const { items, nextPageToken } = page.body as unknown as {
        items: { amountFen: number }[];
        nextPageToken: string | null;
      };
      lines.push(...items.map(({ amountFen }) => amountFen));
      if (nextPageToken === null) break;
      path = `/v1/cards/${cardId}/statement?pageToken=${nextPageToken}`;
    }
    t.strictSame(lines, [-300, -200, -100, 100_000], 'newest first, over pages');
    const other = path.replace(cardId, deposited);
    t.match(
      await call(served, 'GET', other),
      { status: 400, body: { code: 'bad_page_token' } },
      'a token is good for its own list',
    );
    t.match(await admin('GET', path), { status: 400 }, 'and for its own caller');
    const found = await call(served, 'GET', `/v1/transactions?cardId=${cardId}&amountFen=200`);
    t.match(found.body['items'], [
      { kind: 'purchase', amountFen: 200, cardNumberMasked: /\*/, responseCode: '00' },
    ]);
    const trial = await call(served, 'GET', '/v1/trial-balance');
    t.match(trial.body, { balanced: true, totals: { debitsPendingFen: 0 } });
    const journal = await call(served, 'GET', '/v1/journal?from=1&limit=500');
    t.notMatch(journal.text, CARD.good, 'no card number in the open');
    t.equal(Number(journal.body['nextPosition']), Number(journal.body['headPosition']) + 1);
    t.match((await admin('GET', '/v1/audit/calls?pageSize=3')).body['items'], [
      { caller: /^(operator|client):/ },
    ]);
  });

  await t.test('a card that is lost, and one with money that shall be closed', async (t) => {
    const status = `/v1/cards/${deposited}/status`;
    t.match(await call(served, 'PUT', status, change({ status: 'closed', why: 'x' })), {
      status: 409,
      body: { code: 'balance_left' },
    });
    t.match(await call(served, 'PUT', status, change({ status: 'lost', why: '挂失' })), {
      body: { status: 'lost' },
    });
  });

  await t.test('other institutions are not to be seen', async (t) => {
    const wanted = { title: '', institution: 'other', roles: ['auditor'] };
    t.match(await admin('PUT', '/v1/operators/stranger', change(wanted)), { status: 403 });
  });

  await t.test('the document and its page', async (t) => {
    const { body } = await call(served, 'GET', '/v1/openapi.json');
    t.equal(body['openapi'], '3.1.0');
    t.match(body['paths'], { '/v1/cards': { post: { 'x-permission': 'cards:write' } } });
    const page = await call(served, 'GET', '/docs');
    t.match(page.text, /swagger-ui-bundle/);
    t.notMatch(page.text, /https?:/, 'nothing from elsewhere');
    t.equal((await call(served, 'GET', '/docs/swagger-ui-bundle.js')).status, 200);
  });

  const kept = change({ title: 'kept', permissions: ['cards:read'] });
  const before = await admin('PUT', '/v1/roles/kept', kept);
  t.equal(before.status, 200, before.text);
  const made = change({ title: '', institution: '4802', roles: ['kept'] });
  const shown = await admin('PUT', '/v1/clients/kiosk', made);
  t.equal(typeof shown.body['key'], 'string');
  await served.stop();
  const again = await serve(served.dataDir);
  t.teardown(() => again.kill());
  t.notMatch(again.log(), /first password/, 'shown once');
  const later = await signIn(again, 'admin', 'correct horse battery');
  t.strictSame(
    (await later('PUT', '/v1/roles/kept', kept)).body,
    before.body,
    'a repeat behind a restart',
  );
  t.match(
    await later('PUT', '/v1/clients/kiosk', made),
    { status: 409, body: { code: 'answer_not_kept' } },
    'a key is not shown again',
  );
  const kiosk = { client: 'kiosk', key: String(shown.body['key']) };
  t.equal(
    (await call(again, 'GET', '/v1/merchants', {}, kiosk)).status,
    403,
    'a client of its own rights',
  );
  t.equal((await call(again, 'GET', `/v1/cards/${deposited}`, {}, kiosk)).status, 200);
});
