import { inspect } from 'node:util';
import t from 'tap';
import { cup } from '../../protocols/dialects/cup.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { readFrame } from '../../protocols/inspect/frame.ts';
import { pageOf } from '../../protocols/inspect/page.ts';
import { maskDigitRuns, maskPan, maskTrack } from '../../protocols/mask.ts';
import { CUP_VECTORS } from './fixtures.ts';

/** Values of a frame that no log, page or error may show, as they would look there. */
function secretsOf(fields: Readonly<Record<string, string>>): string[] {
  const secrets: string[] = [];
  const pan = fields['2'];
  if (pan !== undefined) secrets.push(pan, pan.slice(0, 8), pan.slice(3));
  if (fields['35'] !== undefined) secrets.push(fields['35'], fields['35'].slice(20));
  if (fields['52'] !== undefined) secrets.push(fields['52']);
  const batch = fields['48'];
  if (batch !== undefined && batch.length > 62)
    secrets.push(batch.slice(10, 30), batch.slice(50, 70));
  const keys = fields['62'];
  if (keys !== undefined && /^[0-9A-F]{80,}$/.test(keys))
    secrets.push(keys.slice(0, 32), keys.slice(40, 56));
  return secrets;
}

t.test('no way of printing a message shows a secret', async (t) => {
  let checked = 0;
  for (const { name, hex, expected } of CUP_VECTORS) {
    if (expected.fields === undefined) continue;
    const read = readFrame(Buffer.from(hex, 'hex'), DIALECTS['cup']!);
    const message = read.message!;
    const shown = [
      JSON.stringify(message),
      inspect(message, { depth: 9 }),
      String(message),
      JSON.stringify({ ...message }),
      JSON.stringify(cup.explain(message)),
      pageOf(cup.explain(message), read.pieces),
    ].join('\n');
    for (const secret of secretsOf(expected.fields)) {
      checked++;
      t.notOk(shown.includes(secret), `${name} hides ${secret.length} characters`);
    }
  }
  t.ok(checked > 60, `${checked} secrets looked for`);
});

t.test('what a terminal should not send there is hidden too', async (t) => {
  const pan = '6219990000000000010';
  const fields = {
    46: `card ${pan}`,
    56: pan,
    57: `卡号${pan}`,
    58: pan,
    59: `A3019${pan}`,
    48: pan,
  };
  const message = cup.decode(cup.encode({ mti: '0200', fields }));
  t.notOk(JSON.stringify(message).includes(pan));
  t.notOk(pageOf(cup.explain(message), null).includes(pan));
});

const MASKS: readonly (readonly [given: string, pan: string, track: string, text: string])[] = [
  ['6219990000000000010', '621999*********0010', '<19 characters>', '621999*********0010'],
  ['6225000000000014', '622500******0014', '<16 characters>', '622500******0014'],
  ['1234567890123', '123456***0123', '<13 characters>', '123456***0123'],
  ['123456789012', '************', '<12 characters>', '123456789012'],
  ['', '', '<0 characters>', ''],
  [
    '6225000000000014D30122',
    '622500************0122',
    '622500******0014=<5>',
    '622500******0014D30122',
  ],
];
for (const [given, pan, track, text] of MASKS) {
  t.test(`masks of ${given.length} characters`, async (t) => {
    t.equal(maskPan(given), pan);
    t.equal(maskTrack(given), track);
    t.equal(maskDigitRuns(given), text);
  });
}
