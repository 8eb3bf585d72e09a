/** PIXm, PDQm, $match and $merge through HTTP: every outcome a line, answers checked by a validator. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'fhir-kit-client';
import t from 'tap';
import { ADMIN_PASSWORD, call } from '../api/caller.ts';
import { documentOf, posp } from '../support/posp.ts';
import { asFed, pages, searchFed } from './fhir/as-fed.ts';
import { feed } from './fhir/feed.ts';
import { match } from './fhir/match.ts';
import { merge, mergeBySource } from './fhir/merge.ts';
import { protocol, repeats } from './fhir/protocol.ts';
import { citizenNumbers, crossReference, search } from './fhir/queries.ts';
import { resolve } from './fhir/resolve.ts';
import { A, change, fhirRig, q, wang } from './fhir/rig.ts';

t.test('FHIR', async (t) => {
  const rig = await fhirRig(t);
  const { served, admin, fhir, checked } = rig;

  await t.test('no other program feeds a domain that has a source', async (t) => {
    const media = [{ domain: 'c', number: '77', type: 'visit-card' }];
    const body = { demographics: { name: '钱进' }, media };
    const program = await call(served, 'POST', '/v1/empi/persons', change(body));
    t.match(program, { status: 403, body: { code: 'forbidden' } });
    const person = await admin('POST', '/v1/empi/persons', change(body));
    t.equal(person.status, 200, person.text);
  });

  await t.test('ITI-104 feed', (t) => feed(t, rig));
  await t.test('ITI-83 cross reference', (t) => crossReference(t, rig));
  await t.test('ITI-78 search', (t) => search(t, rig));
  await t.test('ITI-119 $match', (t) => match(t, rig));
  await t.test('$merge', (t) => merge(t, rig));

  await t.test('ITI-104 resolve duplicates', (t) => resolve(t, rig));
  await t.test('$merge by a source', (t) => mergeBySource(t, rig));
  await t.test('citizen numbers', (t) => citizenNumbers(t, rig));
  await t.test('what is fed comes back', (t) => asFed(t, rig));
  await t.test('what is fed is found', (t) => searchFed(t, rig));
  await t.test('pages of a search', (t) => pages(t, rig));
  await t.test('protocol', (t) => protocol(t, rig));
  await t.test('requests that are sent again', (t) => repeats(t, rig));

  await t.test('a register is loaded through the running switch', async (t) => {
    const file = join(served.dataDir, 'register.csv');
    writeFileSync(file, 'rec_id,姓名,出生日期\n71,钱学,1911-12-11\n72,,\n73,孙武,\n');
    const load = () =>
      posp(['empi', 'load', file, '--domain', 'a', '--data', served.dataDir, '--json']);
    const first = await load();
    t.equal(first.code, 1, first.stderr);
    t.match(documentOf(first), { lines: 3, created: 2, joined: 0, refused: 1, resumedBehind: 0 });
    t.match(documentOf(await load()), { lines: 3, created: 2, refused: 1, resumedBehind: 4 });
    const { body } = await fhir('GET', `Patient?identifier=${q(`${A}|71`)}`);
    t.equal(body['total'], 1);
    const none = await posp(['empi', 'load', file, '--domain', 'x', '--data', served.dataDir]);
    t.equal(none.code, 2, 'the switch refuses it');
    t.match(none.stderr, /there is no domain x/);
  });

  await t.test('a FHIR client of another maker', async (t) => {
    const session = await fetch(`http://127.0.0.1:${served.httpPort}/v1/sessions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ operator: 'admin', password: ADMIN_PASSWORD }),
    });
    const client = new Client({ baseUrl: `http://127.0.0.1:${served.httpPort}/fhir` });
    client.bearerToken = ((await session.json()) as { token: string }).token;
    const capability = await client.capabilityStatement();
    t.equal(capability['resourceType'], 'CapabilityStatement');
    checked(t, 'CapabilityStatement', capability);
    const bundle = await client.search({ resourceType: 'Patient', searchParams: { family: '王' } });
    t.equal(bundle['total'], 1);
    const matches = await client.operation({
      name: 'match',
      resourceType: 'Patient',
      method: 'POST',
      input: { resourceType: 'Patient', ...wang } as never,
    });
    t.equal((matches as { total?: number }).total, 1);
    await t.rejects(client.read({ resourceType: 'Patient', id: '404' }));
  });
});
