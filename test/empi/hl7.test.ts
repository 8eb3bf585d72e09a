/** PIX and PDQ of HL7 v2 over MLLP: every kind of message and of refusal, over real sockets. */
import t from 'tap';
import { asFed } from './hl7/as-fed.ts';
import { crossReference } from './hl7/cross-reference.ts';
import { characterSets, heads } from './hl7/envelope.ts';
import { feed, repeats } from './hl7/feed.ts';
import { merge } from './hl7/merge.ts';
import { openhie } from './hl7/openhie.ts';
import { demographicsQuery, parts, queryItems } from './hl7/queries.ts';
import { hl7Rig } from './hl7/rig.ts';
import { stream } from './hl7/stream.ts';

t.test('HL7 v2', async (t) => {
  const rig = await hl7Rig(t);
  await t.test('ITI-8 and ITI-30 feed', (t) => feed(t, rig));
  await t.test('messages that come again', (t) => repeats(t, rig));
  await t.test('ITI-9 cross reference', (t) => crossReference(t, rig));
  await t.test('ITI-21 demographics', (t) => demographicsQuery(t, rig));
  await t.test('demographics as they were fed', (t) => asFed(t, rig));
  await t.test('what ITI-21 may ask for', (t) => queryItems(t, rig));
  await t.test('a long answer comes in parts', (t) => parts(t, rig));
  await t.test('A40 merge', (t) => merge(t, rig));
  await t.test('heads of messages', (t) => heads(t, rig));
  await t.test('character sets', (t) => characterSets(t, rig));
  await t.test('OpenHIE client registry', (t) => openhie(t, rig));
  await t.test('the stream', (t) => stream(t, rig));
});
