import t from 'tap';
import { parseCommand, parseResponse } from '../../protocols/pboc/apdu.ts';
import {
  buildPurseAnswer,
  buildPurseCommand,
  cutPieces,
  PURSE_LOG,
  purseCommandOf,
  readPurseAnswer,
  readPurseCommand,
} from '../../protocols/pboc/commands.ts';
import {
  diversificationFactor,
  type PurseFields,
  purseAmount,
  purseElement,
  purseTransactionOf,
} from '../../protocols/pboc/elements.ts';
import { fixtureText } from './fixtures.ts';

interface Vector {
  readonly name: string;
  readonly inputs: PurseFields & Readonly<Record<string, string>>;
}
const { vectors } = JSON.parse(fixtureText('pboc-purse.json')) as { vectors: Vector[] };

const ELEMENTS = [
  ['session', 'session_input'],
  ['mac1', 'mac1_data'],
  ['mac2', 'mac2_data'],
  ['mac3', 'mac3_data'],
  ['tac', 'tac_data'],
] as const;

t.test('session inputs, MAC and TAC data are put together as in the vectors', async (t) => {
  let compared = 0;
  for (const { name, inputs } of vectors) {
    const { type } = inputs;
    if (type === undefined) continue;
    const transaction = purseTransactionOf(type)!;
    for (const [element, input] of ELEMENTS) {
      if (inputs[input] === undefined) continue;
      t.equal(purseElement(transaction, element, inputs), inputs[input], `${name} ${element}`);
      compared++;
    }
  }
  t.ok(compared >= 30, `${compared} elements compared`);
});

t.test('elements refuse fields that are missing or have another length', async (t) => {
  const fields: PurseFields = { balance: '00000001', amount: '00000002', type: '03' };
  t.throws(() => purseElement('load', 'mac1', fields), { code: 'bad-value' });
  t.throws(() => purseElement('load', 'mac3', fields), { code: 'bad-value' });
  const unload = {
    ...fields,
    online_sn: '0001',
    terminal: '100000000001',
    date: '20250305',
    time: '101112',
  };
  t.throws(
    () => purseElement('unload', 'mac3', unload),
    { code: 'bad-value' },
    'balance below zero',
  );
  t.equal(purseAmount(10_000), '00002710');
  t.throws(() => purseAmount(-1), { code: 'bad-value' });
  t.equal(diversificationFactor('00001122334455667788'), '1122334455667788');
  t.throws(() => diversificationFactor('1122'), { code: 'bad-value' });
});

t.test('commands and answers', async (t) => {
  const pieces = { keyIndex: '01', amount: '00001000', terminal: '001122334455' };
  const command = buildPurseCommand('initializeForLoad', pieces);
  t.equal(command.toString('hex').toUpperCase(), '805000020B010000100000112233445510');
  const parsed = parseCommand(command);
  t.equal(purseCommandOf(parsed), 'initializeForLoad');
  t.same(readPurseCommand('initializeForLoad', parsed), pieces);
  const answer = {
    balance: '00000000',
    online_sn: '0000',
    keyVersion: '01',
    algorithm: '00',
    rand: '11223344',
    mac1: '2988AE5A',
  };
  const data = buildPurseAnswer('initializeForLoad', answer);
  const response = parseResponse(Buffer.concat([data, Buffer.from('9000', 'hex')]));
  t.equal(response.status, '9000');
  t.same(readPurseAnswer('initializeForLoad', response), answer);
  t.throws(() => readPurseAnswer('creditForLoad', response), {
    code: 'bad-apdu',
    needed: 4,
    had: 16,
  });
  t.equal(purseCommandOf(parseCommand(Buffer.from('00A40000023F00', 'hex'))), undefined);
  const log = Buffer.from('000100000000001000060011223344552012022913510000'.slice(0, 46), 'hex');
  t.equal(cutPieces(PURSE_LOG, log)['terminal'], '001122334455');
});

const COMMANDS: readonly (readonly [hex: string, le: number | null | 'bad-apdu'])[] = [
  ['80500002', null],
  ['8050000210', 16],
  ['8050000200', 256],
  ['805000020111', null],
  ['80500002011110', 16],
  ['80500002011100', 256],
  ['805000', 'bad-apdu'],
  ['8050000202FF', 'bad-apdu'],
  ['80500002000100', 'bad-apdu'],
  ['805000020111FFFF', 'bad-apdu'],
];
for (const [hex, le] of COMMANDS) {
  t.test(`command ${hex}`, async (t) => {
    const read = (): unknown => parseCommand(Buffer.from(hex, 'hex')).le;
    if (le === 'bad-apdu') t.throws(read, { code: 'bad-apdu' });
    else t.equal(read(), le);
  });
}
