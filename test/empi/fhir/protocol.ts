/** What all operations have in common: methods, formats, errors, and requests that are sent again. */
import type { Test } from 'tap';
import { handleFhir } from '../../../api/fhir/application.ts';
import { call, send } from '../../api/caller.ts';
import { A, at, codeOf, type FhirRig, patient, q } from './rig.ts';

export async function protocol(t: Test, { served, checked, idOf }: FhirRig): Promise<void> {
  const one = `Patient/${await idOf(`${A}|1`)}`;
  const family = `Patient?family=${q('王')}`;
  const xml = { Accept: 'application/fhir+xml' };
  const feed = { raw: '<Patient/>', headers: { 'Content-Type': 'application/fhir+xml' } };
  // biome-ignore format: a table, one request a line; the last cell is the issue's code or the header Allow.
  const cases: [string, string, string, object, number, string][] = [
    ['metadata', 'GET', 'metadata', {}, 200, ''],
    ['metadata as XML', 'GET', 'metadata', { headers: xml }, 406, 'not-supported'],
    ['XML by name', 'GET', `${family}&_format=xml`, {}, 406, 'not-supported'],
    ['XML by media type', 'GET', `${family}&_format=application/fhir%2Bxml`, {}, 406, 'not-supported'],
    ['a format that there is not', 'GET', `${family}&_format=zzz`, {}, 406, 'not-supported'],
    ['XML by Accept', 'GET', one, { headers: xml }, 406, 'not-supported'],
    ['JSON refused by Accept', 'GET', one, { headers: { Accept: 'application/json;q=0, text/html' } }, 406, 'not-supported'],
    ['JSON by name', 'GET', `${family}&_format=json`, { headers: xml }, 200, ''],
    ['JSON by media type', 'GET', `${family}&_format=application/fhir+json`, {}, 200, ''],
    ['JSON by Accept', 'GET', one, { headers: { Accept: 'application/fhir+json; fhirVersion=4.0' } }, 200, ''],
    ['anything', 'GET', one, { headers: { Accept: 'text/html, */*;q=0.1' } }, 200, ''],
    ['XML is fed', 'PUT', at(A, '1'), feed, 415, 'not-supported'],
    ['no JSON', 'PUT', at(A, '1'), { raw: '{', headers: { 'Content-Type': 'application/fhir+json' } }, 400, 'invalid'],
    ['no such path', 'GET', 'Observation', {}, 404, 'not-found'],
    ['no such Patient', 'GET', 'Patient/404', {}, 404, 'not-found'],
    ['another method of metadata', 'POST', 'metadata', {}, 405, 'HEAD, GET'],
    ['another method of a Patient', 'PUT', one, {}, 405, 'HEAD, GET'],
    ['another method of all Patients', 'POST', 'Patient', {}, 405, 'HEAD, GET, PUT, DELETE'],
    ['another method of $match', 'GET', 'Patient/$match', {}, 405, 'POST'],
    ['a key that cannot be kept', 'PUT', at(A, '1'), { idempotencyKey: 'x'.repeat(129) }, 400, 'invalid'],
    ['a body that is too long', 'PUT', at(A, '1'), { raw: 'x'.repeat(70_000) }, 413, 'too-long'],
  ];
  for (const [what, method, path, options, status, code] of cases) {
    const { text, body, headers, ...answer } = await call(served, method, `/fhir/${path}`, options);
    t.equal(answer.status, status, `${what}: ${text}`);
    t.equal(status === 405 ? headers['allow'] : codeOf(body), code, what);
    checked(t, what, body);
    if (method !== 'GET') continue;
    const head = await call(served, 'HEAD', `/fhir/${path}`, options);
    t.match(head, { status, text: '', headers: { 'content-type': headers['content-type'] } }, what);
  }
  const nobody = await send(served, 'GET', `/fhir/${one}`);
  t.match(nobody, { status: 401, body: { issue: [{ code: 'login' }] } });
  const base = await send(served, 'GET', '/fhir');
  t.match(base, { status: 401, body: { issue: [{ code: 'login' }] } }, 'the base, too');
  const proxied = await call(served, 'GET', `/fhir/${family}`, {
    headers: { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'index.example' },
  });
  const [entry] = proxied.body['entry'] as unknown as { fullUrl: string }[];
  t.equal(
    entry!.fullUrl,
    `https://index.example/fhir/${one}`,
    'addresses as the caller knows them',
  );
  await faults(t);
}

/** A fault of ours is an OperationOutcome that tells nothing of it. */
async function faults(t: Test): Promise<void> {
  const reported: unknown[] = [];
  const request = { method: 'get', path: '/fhir/Patient/1', query: '', headers: new Map() };
  const { status, body } = await handleFhir(
    { ...request, body: Buffer.alloc(0), remoteAddress: '' },
    {
      door: () => {
        throw new Error('the disk is on fire');
      },
      authenticate: async () => ({
        id: 'client:his',
        institution: '',
        permissions: new Set(['empi:read']),
      }),
      changing: ({ run }) => run(),
      onFault: (error, { id }) => reported.push((error as Error).message, id),
    },
  );
  t.equal(status, 500);
  const [issue] = JSON.parse(String(body)).issue;
  t.match(issue, { severity: 'error', code: 'exception' });
  t.equal(reported[0], 'the disk is on fire');
  t.notMatch(issue.diagnostics, /fire/);
  t.match(issue.diagnostics, reported[1], 'the log names it by the same number');
}

/** A key names one request: sent again it is answered again, and stands for no other one. */
export async function repeats(t: Test, { fhir, idOf, checked }: FhirRig): Promise<void> {
  const put = (number: string, family: string, key: string) =>
    fhir('PUT', at(A, number), patient(A, number, { name: [{ family }] }), key);
  const first = await put('r1', 'Tanaka', 'feed-1');
  t.equal(first.status, 201, first.text);
  const again = await put('r1', 'Tanaka', 'feed-1');
  t.same([again.status, again.text], [201, first.text], 'the same request, the same answer');
  const other = await put('r2', 'Ferrari', 'feed-1');
  t.match(other, { status: 422, body: { issue: [{ code: 'duplicate' }] } }, other.text);
  checked(t, 'another request under the key', other.body);
  t.equal(await idOf(`${A}|r2`), '', 'and nothing was done');
}
