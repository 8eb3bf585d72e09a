import t, { type Test } from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideSm4Terminal } from '../support/outside-sm4-terminal.ts';
import { type Served, servedFor } from '../support/serve.ts';

type Fields = Record<number, string | Buffer>;

const ZEROS = Buffer.alloc(8);
const bytes = (text: string, block: Buffer) => Buffer.concat([Buffer.from(text, 'latin1'), block]);
const inHex = (value: Buffer) => Buffer.from(value.toString('hex').toUpperCase(), 'latin1');

// biome-ignore format: a table, one place of the block a line.
const PLACES: [name: string, (block: Buffer) => Fields][] = [
  ['field 62: length and block',             (block) => ({ 52: ZEROS, 62: bytes('\x00\x10', block) })],
  ['field 62: usage 22, length, block',      (block) => ({ 52: ZEROS, 62: bytes('22\x00\x10', block) })],
  ['field 62: SM016 and block',              (block) => ({ 52: ZEROS, 62: bytes('SM016', block) })],
  ['field 62: the same as 42 hex digits',    (block) => ({ 52: ZEROS, 62: inHex(bytes('SM016', block)) })],
  ['field 63: SM016 and block, no field 52', (block) => ({ 63: bytes('SM016', block) })],
];

async function signedIn(t: Test, served: Served): Promise<OutsideSm4Terminal> {
  const terminal = new OutsideSm4Terminal('10000019', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  await terminal.signInSm4();
  return terminal;
}

async function codeOf(terminal: OutsideSm4Terminal, added: Fields): Promise<string | undefined> {
  const fields = { ...terminal.purchaseFields(CARD.good, 100), 22: '021', 26: '06', ...added };
  const answer = await terminal.ask(terminal.sm4Frame({ 53: '2400000000000000', ...fields }));
  return answer?.fields.get(39);
}

t.test('a PIN block of 16 bytes in each place of fields 62 and 63', async (t) => {
  const terminal = await signedIn(t, await servedFor(t, 'sm4-pin'));
  const block = (pin: string) => terminal.sm4PinBlock(pin, CARD.good);
  for (const [name, place] of PLACES) {
    t.equal(await codeOf(terminal, place(block('123456'))), '00', `${name}: the right PIN`);
    t.equal(await codeOf(terminal, place(block('123457'))), '55', `${name}: a wrong PIN`);
  }
  const foreign = Buffer.from(block('123456'));
  foreign[0]! ^= 1;
  const unreadable = await codeOf(terminal, { 52: ZEROS, 63: bytes('SM016', foreign) });
  t.equal(unreadable, '99', 'a block under another key');
  t.equal(await codeOf(terminal, { 52: ZEROS }), '40', 'a PIN that is in none of the places');
  t.equal(await codeOf(terminal, {}), '55', 'no PIN, though field 22 says that there is one');
  t.equal(await codeOf(terminal, { 22: '022' }), '00', 'no PIN');
  t.equal(
    await codeOf(terminal, { 52: ZEROS, 62: bytes('SM017', block('123456')) }),
    '40',
    'a length that is not 16',
  );
});

t.test('a listener whose field 52 has 16 bytes', async (t) => {
  const environment = { POSP__LISTENERS__0__SM4_PIN_CARRIER: 'field52' };
  const terminal = await signedIn(t, await servedFor(t, 'sm4-pin-52', environment));
  const block = (pin: string) => terminal.sm4PinBlock(pin, CARD.good);
  t.equal(await codeOf(terminal, { 52: block('123456') }), '00', 'the right PIN');
  t.equal(await codeOf(terminal, { 52: block('123457') }), '55', 'a wrong PIN');
  const elsewhere = { 63: bytes('SM016', block('123457')) };
  t.equal(await codeOf(terminal, elsewhere), '55', 'another place is not looked at: no PIN');
});
