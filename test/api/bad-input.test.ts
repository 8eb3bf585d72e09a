/** What must not pass: each line is refused with its status, without a stack, and changes nothing. */
import t from 'tap';
import { repeatedMember } from '../../api/json-body.ts';
import { type Served, servedFor } from '../support/serve.ts';
import {
  ADMIN_PASSWORD,
  adminOf,
  authorization,
  type CallOptions,
  call,
  type Signing,
  send,
  signIn,
} from './caller.ts';

const now = () => Math.floor(Date.now() / 1_000);
const role = '/v1/roles/reader';
const card = { number: '6219990000000000010', expiry: '3012' };

type Line = [
  what: string,
  method: string,
  path: string,
  options: CallOptions,
  signing: Signing,
  status: number,
  code: string,
];

const KEY = 'a-key';
const issue = (body: unknown): CallOptions => ({ body, idempotencyKey: KEY });

const LINES: Line[] = [
  ['an unknown path', 'GET', '/v1/nothing', {}, {}, 404, 'not_found'],
  ['a wrong method', 'POST', '/v1/modules', {}, {}, 405, 'method_not_allowed'],
  ['a step up', 'GET', '/v1/cards/%2e%2e', {}, {}, 400, 'bad_path'],
  ['a hidden slash', 'GET', '/v1/cards/a%2fb', {}, {}, 400, 'bad_path'],
  ['a zero byte', 'GET', '/v1/cards/a%00', {}, {}, 400, 'bad_path'],
  ['broken percent signs', 'GET', '/v1/cards/%e4%zz', {}, {}, 400, 'bad_path'],
  ['an empty part', 'GET', '/v1/cards//balance', {}, {}, 400, 'bad_path'],
  ['a card that is no id', 'GET', '/v1/cards/x', {}, {}, 400, 'invalid'],
  ['an unknown question', 'GET', '/v1/modules?all=1', {}, {}, 400, 'invalid'],
  ['a question asked twice', 'GET', '/v1/journal?from=1&from=2', {}, {}, 400, 'bad_query'],
  ['a number that is none', 'GET', '/v1/journal?from=one', {}, {}, 400, 'invalid'],
  [
    'a page token from nowhere',
    'GET',
    '/v1/merchants?pageToken=e30.AAAA',
    {},
    {},
    400,
    'bad_page_token',
  ],
  ['no idempotency key', 'POST', '/v1/cards', { body: card }, {}, 400, 'idempotency_key_missing'],
  [
    'a body that is no JSON',
    'POST',
    '/v1/cards',
    { raw: '{', idempotencyKey: KEY },
    {},
    400,
    'bad_body',
  ],
  [
    'a body that is no UTF-8',
    'POST',
    '/v1/cards',
    { raw: Buffer.of(0x22, 0xff, 0x22), idempotencyKey: KEY },
    {},
    400,
    'bad_body',
  ],
  ['a list in place of an object', 'POST', '/v1/cards', issue([]), {}, 400, 'invalid'],
  ['an unknown field', 'POST', '/v1/cards', issue({ ...card, balanceFen: 1 }), {}, 400, 'invalid'],
  [
    'a prototype',
    'POST',
    '/v1/cards',
    { raw: '{"__proto__":{"x":1}}', idempotencyKey: KEY },
    {},
    400,
    'invalid',
  ],
  [
    'a number in place of a text',
    'POST',
    '/v1/cards',
    issue({ ...card, number: 1 }),
    {},
    400,
    'invalid',
  ],
  [
    'a wrong check digit',
    'POST',
    '/v1/cards',
    issue({ ...card, number: '6219990000000000011' }),
    {},
    400,
    'invalid',
  ],
  [
    'an amount with cents',
    'POST',
    '/v1/proposals',
    issue({ operation: 'adjustment', request: { amountFen: 1.5 }, why: 'x' }),
    {},
    403,
    'forbidden',
  ],
  [
    'a body of another type',
    'POST',
    '/v1/cards',
    { ...issue(card), headers: { 'Content-Type': 'text/plain' } },
    {},
    415,
    'not_json',
  ],
  [
    'a huge body',
    'POST',
    '/v1/cards',
    { raw: 'x'.repeat(100_000), idempotencyKey: KEY },
    {},
    413,
    'body_too_large',
  ],
  [
    'a body where none belongs',
    'DELETE',
    '/v1/sessions/current',
    { body: {}, idempotencyKey: KEY },
    {},
    400,
    'bad_body',
  ],
  ['an unknown client', 'GET', '/v1/modules', {}, { client: 'nobody' }, 401, 'bad_signature'],
  ['a wrong key', 'GET', '/v1/modules', {}, { key: 'guessed-key-123' }, 401, 'bad_signature'],
  [
    'an old timestamp',
    'GET',
    '/v1/modules',
    {},
    { timestamp: now() - 400 },
    401,
    'signature_expired',
  ],
  [
    'a timestamp to come',
    'GET',
    '/v1/modules',
    {},
    { timestamp: now() + 400 },
    401,
    'signature_expired',
  ],
  [
    'signed before the start',
    'GET',
    '/v1/modules',
    {},
    { timestamp: now() - 200 },
    401,
    'signature_expired',
  ],
  ['a nonce that is none', 'GET', '/v1/modules', {}, { nonce: 'a b' }, 401, 'bad_signature'],
  ['no permission to manage', 'GET', '/v1/operators', {}, {}, 403, 'forbidden'],
  [
    'no permission to change roles',
    'PUT',
    role,
    issue({ title: '', permissions: ['*:*'] }),
    {},
    403,
    'forbidden',
  ],
];

/** Brackets in brackets, as many as a body holds. */
const DEEP = '['.repeat(30_000) + ']'.repeat(30_000);
const deepRequest = `{"operation":"adjustment","why":"x","request":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`;
/** A right token of another list. */
const tokenOf = async (served: Served): Promise<string> =>
  String((await call(served, 'GET', '/v1/terminals?pageSize=1')).body['nextPageToken']);

// biome-ignore format: one line a case.
const REPEATED: [text: string, repeated: string | null][] = [
  ['{"a":1,"b":2}',                                  null],
  ['{"a":1,"a":1}',                                  'a'],
  ['{"a":{"a":1},"b":{"a":1}}',                      null],
  ['{"a":{"b":1,"c":[],"b":2}}',                     'a.b'],
  ['[{"a":1},{"a":1},{"b":{},"b":{}}]',              '2.b'],
  ['{"items":[[],[0,{"x":1,"x":2}]]}',               'items.1.1.x'],
  ['{"a":["a","a"],"b":"a"}',                        null],
  ['{"a":"\\"a\\":","b":"{\\"b\\":1,\\"b\\":2}"}',       null],
  ['{"a\\\\":1,"a":2}',                               null],
  ['{"a":1,"\\u0061"\n\t :2}',                       'a'],
  ['{"":1,"":2}',                                    ''],
  ['{"__proto__":1,"__proto__":2}',                  '__proto__'],
  ['"a"',                                            null],
];

t.test('members that an object has twice', async (t) => {
  for (const [text, repeated] of REPEATED) {
    JSON.parse(text);
    t.equal(repeatedMember(text), repeated, text);
  }
});

async function headOf(served: Served): Promise<unknown> {
  const { ledger } = (await send(served, 'GET', '/healthz')).body as never;
  return (ledger as { position: number }).position;
}

t.test('one server', async (t) => {
  const served = await servedFor(t, 'api-bad-input');
  await t.test('the table', async (t) => {
    const before = await headOf(served);
    for (const [what, method, path, options, signing, status, code] of LINES) {
      const answer = await call(served, method, path, options, signing);
      t.match(answer, { status, body: { status, code } }, what);
      t.equal(answer.headers['content-type'], 'application/problem+json', what);
      t.notMatch(answer.text, /at .*\.(js|ts):\d|node_modules|Error:/, `${what}: no stack`);
    }
    const token = await tokenOf(served);
    const changedToken = token.replace(/^./, (first) => (first === 'e' ? 'f' : 'e'));
    const twice = authorization('GET', '/v1/modules');
    // biome-ignore format: one line a case.
    const more: Line[] = [
      ['a page token of another list',  'GET',  `/v1/merchants?pageToken=${token}`,               {}, {}, 400, 'bad_page_token'],
      ['a page token that was changed', 'GET',  `/v1/terminals?pageToken=${changedToken}`,        {}, {}, 400, 'bad_page_token'],
      ['a page token and a question',   'GET',  `/v1/terminals?pageToken=${token}&merchantId=123456789012345`, {}, {}, 400, 'bad_page_token'],
      ['a page of nothing',             'GET',  '/v1/merchants?pageSize=0',                         {}, {}, 400, 'invalid'],
      ['a field given twice',           'POST', '/v1/cards/lookup', { raw: `{"number":"${card.number}","number":"6219990000000000028"}` }, {}, 400, 'invalid'],
      ['twice, once with an escape',    'POST', '/v1/cards/lookup', { raw: `{"number":"${card.number}","n\\u0075mber" : "6219990000000000028"}` }, {}, 400, 'invalid'],
      ['deep JSON',                     'POST', '/v1/cards',     { raw: DEEP, idempotencyKey: KEY },        {}, 400, 'invalid'],
      ['a deep request',                'POST', '/v1/proposals', { raw: deepRequest, idempotencyKey: KEY }, {}, 403, 'forbidden'],
      ['two idempotency keys',          'POST', '/v1/cards',     { ...issue(card), headers: { 'Idempotency-Key': [KEY, 'another'] } }, {}, 401, 'bad_signature'],
      ['two signatures',                'GET',  '/v1/modules',   { headers: { Authorization: [twice, twice] } }, {}, 401, 'bad_signature'],
      ['two types',                     'POST', '/v1/cards',     { ...issue(card), headers: { 'Content-Type': ['application/json', 'text/plain'] } }, {}, 415, 'not_json'],
      ['an idempotency key with blanks', 'POST', '/v1/cards',    { body: card, idempotencyKey: 'a key' },    {}, 400, 'bad_idempotency_key'],
      ['no type at all',                'POST', '/v1/cards',     { ...issue(card), headers: { 'Content-Type': '' } }, {}, 415, 'not_json'],
      ['a body in chunks, too long',    'POST', '/v1/cards',     { raw: 'x'.repeat(100_000), idempotencyKey: KEY, headers: { 'Transfer-Encoding': 'chunked', 'Content-Length': [] } }, {}, 413, 'body_too_large'],
    ];
    for (const [what, method, path, options, signing, status, code] of more) {
      const answer = await call(served, method, path, options, signing);
      t.match(answer, { status, body: { status, code } }, what);
      t.equal(answer.headers['content-type'], 'application/problem+json', what);
      t.notMatch(answer.text, /at .*\.(js|ts):\d|node_modules|Error:/, `${what}: no stack`);
    }
    t.equal(await headOf(served), before, 'nothing was recorded');
  });

  await t.test('a key for another call, and too many calls', async (t) => {
    const admin = await adminOf(served);
    const wanted = { title: '', institution: '4802', roles: ['auditor'], ratePerSecond: 1 };
    const made = await admin('PUT', '/v1/clients/slow', { body: wanted, idempotencyKey: 'slow' });
    t.equal(made.status, 200, made.text);
    const before = await headOf(served);
    for (const [what, path, body] of [
      ['another body', '/v1/clients/slow', { ...wanted, ratePerSecond: 9 }],
      ['another path', '/v1/clients/other', wanted],
    ] as const) {
      const reused = await admin('PUT', path, { body, idempotencyKey: 'slow' });
      t.match(reused, { status: 422, body: { code: 'idempotency_key_reused' } }, what);
    }
    const deep = await admin('POST', '/v1/proposals', { raw: deepRequest, idempotencyKey: 'deep' });
    t.match(deep, { status: 400, body: { code: 'invalid' } }, 'a deep request by who may ask');
    const slow = { client: 'slow', key: String(made.body['key']) };
    const path = '/v1/merchants?pageSize=1';
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => call(served, 'GET', path, {}, slow)),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    t.ok(refused.length > 0 && refused.length < answers.length, 'a burst passes, no more');
    for (const answer of refused) {
      t.match(answer, {
        status: 429,
        body: { status: 429, code: 'too_many_calls' },
        headers: { 'content-type': 'application/problem+json', 'retry-after': '1' },
      });
    }
    t.equal((await call(served, 'GET', path)).status, 200, 'others are not held up');
    await new Promise((later) => setTimeout(later, 1_100));
    t.equal((await call(served, 'GET', path, {}, slow)).status, 200, 'after the wait it is let in');
    t.equal(await headOf(served), before, 'nothing was recorded');
  });

  await t.test('signatures hold for one call, once', async (t) => {
    const path = '/v1/merchants?pageSize=1';
    const signed = authorization('GET', path);
    const headers = { Authorization: signed };
    t.equal((await send(served, 'GET', path, { headers })).status, 200, 'the first time');
    const again = await send(served, 'GET', path, { headers });
    t.match(again, { status: 401, body: { code: 'signature_replayed' } }, 'a replay');
    const moved: [what: string, method: string, path: string, options: CallOptions][] = [
      ['another path', 'GET', '/v1/terminals?pageSize=1', {}],
      ['another question', 'GET', '/v1/merchants?pageSize=2', {}],
      ['another method', 'PUT', path, {}],
      ['another body', 'POST', '/v1/cards/lookup', { body: { number: '621999000000' } }],
      ['another idempotency key', 'GET', path, { idempotencyKey: 'x' }],
    ];
    for (const [what, method, target, options] of moved) {
      const authorizationOf = authorization('GET', path);
      const answer = await send(served, method, target, {
        ...options,
        headers: { Authorization: authorizationOf },
      });
      t.match(answer.status, /401|405/, what);
    }
    t.equal((await call(served, 'GET', path, {}, { algorithm: 'HMAC-SHA256' })).status, 200);
  });

  await t.test('passwords', async (t) => {
    const wrong = { body: { operator: 'admin', password: 'a guess' } };
    const admin = await signIn(served, 'admin', ADMIN_PASSWORD);
    for (let attempt = 1; attempt <= 5; attempt++) {
      t.equal((await send(served, 'POST', '/v1/sessions', wrong)).status, 401, `guess ${attempt}`);
    }
    const locked = await send(served, 'POST', '/v1/sessions', {
      body: { operator: 'admin', password: 'correct horse battery' },
    });
    t.match(locked, { status: 429, body: { code: 'locked' } }, 'locked, also for the right one');
    t.equal((await admin('GET', '/v1/operators')).status, 200, 'a session that runs goes on');
    const strange = { headers: { Authorization: 'Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } };
    t.match(await send(served, 'GET', '/v1/operators', strange), { status: 401 });
    const nobody = { body: { operator: 'nobody', password: 'x' } };
    t.match((await send(served, 'POST', '/v1/sessions', nobody)).body['code'], 'wrong_password');
  });
  t.notMatch(served.log(), /sample-his-key|correct horse/, 'no secret in the log');
});
