import { readFileSync } from 'node:fs';
import t from 'tap';
import { cardKeyOf, macOf, sessionKeyOf, tacKeyOf } from '../../simulators/card/card-crypto.ts';

interface Vector {
  name: string;
  algorithm: string;
  inputs: Record<string, string>;
  expected: Record<string, string>;
}

const hex = (text: string) => Buffer.from(text, 'hex');
const upper = (bytes: Buffer) => bytes.toString('hex').toUpperCase();

/** The simulated chip's own cryptography against the published and computed examples. */
t.test('the chip and the PSAM compute what is published', (t) => {
  const file = readFileSync('test/fixtures/protocols/pboc-purse.json', 'utf8');
  const { vectors } = JSON.parse(file) as { vectors: Vector[] };
  let compared = 0;
  for (const { name, algorithm, inputs, expected } of vectors) {
    if (algorithm !== '3DES') continue;
    const cardKey = inputs['dlk'] ?? inputs['dpk'] ?? inputs['dulk'];
    const session = expected['seslk'] ?? expected['sespk'] ?? expected['sesulk'];
    if (cardKey !== undefined && session !== undefined && inputs['session_input'] !== undefined) {
      const made = sessionKeyOf(hex(cardKey), hex(inputs['session_input']));
      t.equal(upper(made), session, `${name}: session key`);
      for (const step of ['mac1', 'mac2', 'mac3']) {
        const data = inputs[`${step}_data`];
        if (data === undefined || expected[step] === undefined) continue;
        t.equal(upper(macOf(made, hex(data))), expected[step], `${name}: ${step}`);
        compared++;
      }
    }
    if (inputs['dtk'] !== undefined && inputs['tac_data'] !== undefined) {
      const tac = macOf(tacKeyOf(hex(inputs['dtk'])), hex(inputs['tac_data']));
      t.equal(upper(tac), expected['tac'], `${name}: TAC`);
      compared++;
    }
    if (inputs['factor'] !== undefined && expected['sub_key'] !== undefined) {
      const made = cardKeyOf(hex(inputs['master']!), hex(inputs['factor']));
      t.equal(upper(made), expected['sub_key'], `${name}: card key`);
      compared++;
    }
  }
  t.ok(compared >= 8, `${compared} values compared`);
  t.end();
});
