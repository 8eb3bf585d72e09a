/** Tracks under the terminal's track key: the card is found, and a bank gets the track in the clear. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Message } from '../../protocols/iso8583/message.ts';
import { bankCard, bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

const TMK = Buffer.from('0123456789ABCDEFFEDCBA9876543210', 'hex');

function tripleDes(key: Buffer, bytes: Buffer, decrypts = false): Buffer {
  const whole = Buffer.concat([key, key.subarray(0, 8)]);
  const make = decrypts ? createDecipheriv : createCipheriv;
  const cipher = make('des-ede3-ecb', whole, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** Sixteen digits that end just before the last byte of the packed track are encrypted. */
/** The last block of a track encrypted, or decrypted. */
function encryptedTrack(track: string, key: Buffer, decrypt = false): string {
  const end = track.length - (track.length % 2 === 0 ? 2 : 1);
  const block = Buffer.from(track.slice(end - 16, end), 'hex');
  const hex = tripleDes(key, block, decrypt).toString('hex').toUpperCase();
  return track.slice(0, end - 16) + hex + track.slice(end);
}

t.test('encrypted tracks', async (t) => {
  const asked: Message[] = [];
  const hsm = await simulatorHsm();
  const behave = (request: Message) => {
    asked.push(request);
    return 'approve' as const;
  };
  const bank = await bankHost(hsm, { behave });
  t.teardown(() => bank.close());
  const served = await servedFor(t, 'track', bankSettings(await bank.listen(0)));
  await until(() => bank.signOns > 0, 'sign-on');

  const terminal = new OutsideTerminal('10000003', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  const signedIn = (await terminal.ask(terminal.signInFrame('004')))!;
  const field62 = Buffer.from(signedIn.fields.get(62)!, 'hex');
  terminal.mak = tripleDes(TMK, field62.subarray(20, 28), true);
  const trackKey = tripleDes(TMK, field62.subarray(40, 56), true);
  terminal.batch = signedIn.fields.get(60)!.slice(2, 8);

  const lastTracks = (number: string) => [
    `${number}D30122010000000000`,
    `${number}D3012201`,
    `${number}D30122010000000000`.slice(0, 32),
  ];
  const pay = async (track: string, more: Record<number, string> = {}): Promise<string> => {
    const { 2: _number, ...fields } = terminal.purchaseFields('', 100);
    const wanted = { ...fields, 35: track, 53: '0610000000000000', ...more };
    const answer = await terminal.ask(terminal.frame('0200', wanted, 'right'));
    return answer?.fields.get(39) ?? '-';
  };
  const own = lastTracks(CARD.good);
  // The terminal's key is random: now and then another one makes something that looks like a track.
  const wrongKeys = Array.from({ length: 16 }, (_, byte) => Buffer.alloc(16, byte));
  const wrongKey = wrongKeys.find((key) => {
    const opened = encryptedTrack(encryptedTrack(own[1]!, key), trackKey, true);
    return !/^\d+D\d/.test(opened);
  })!;
  // biome-ignore format: a table, one case a line.
  const cases: [what: string, track: string, more: Record<number, string>, code: string][] = [
    ['the usual length',            encryptedTrack(own[0]!, trackKey),            {}, '00'],
    ['a short one, number and all', encryptedTrack(own[1]!, trackKey),            {}, '00'],
    ['an even one',                 encryptedTrack(own[2]!, trackKey),            {}, '00'],
    ['a lost card',                 encryptedTrack(lastTracks(CARD.lost)[1]!, trackKey), {}, '41'],
    ['under another key',           encryptedTrack(own[1]!, wrongKey),            {}, '30'],
    ['shorter than a block',        '6219990000000D3',                            {}, '30'],
    ['in the clear, as it says',    own[0]!,              { 53: '0600000000000000' }, '00'],
  ];
  for (const [what, track, more, code] of cases) t.equal(await pay(track, more), code, what);

  const foreign = `${bankCard(1).number}D30122010000000000`;
  t.equal(await pay(encryptedTrack(foreign, trackKey)), '00', 'a card of the bank');
  t.equal(asked.find((request) => request.get(3) === '000000')?.get(35), foreign);

  const plain = new OutsideTerminal('10000004', OUTPATIENT);
  await plain.connect(served.port);
  await plain.signIn();
  const { 2: _number, ...fields } = plain.purchaseFields('', 100);
  const keyless = { ...fields, 35: encryptedTrack(own[0]!, trackKey), 53: '0610000000000000' };
  const refused = await plain.ask(plain.frame('0200', keyless, 'right'));
  t.equal(refused?.fields.get(39), 'A7', 'a terminal without a track key');
  plain.disconnect();

  for (const id of ['10000005', '10000019']) {
    const words = ['--terminal', id, '--port', String(served.port), '--amount', '1', '--json'];
    const files = ['--slips', join(t.testdir(), 'slips'), '--chips', join(t.testdir(), 'chips')];
    const paid = await posp(['terminal', 'purchase', '--encrypt-track', ...words, ...files]);
    t.match(documentOf(paid), { responseCode: '00' }, `the simulator as ${id}`);
  }
  t.equal(await served.stop(), 0);
  const journal = readFileSync(join(served.dataDir, 'ledger', 'data.mdb'), 'latin1');
  t.notOk(
    own.some((track) => journal.includes(track)),
    'no track is in the journal',
  );
});
