import t from 'tap';
import type { EpurseFields, EpurseStep, KeyPurpose } from '../../hsm/types.ts';
import { bytes, codeOf, fixture, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

interface Vector {
  name: string;
  algorithm: '3DES' | 'SM4';
  inputs: Record<string, string>;
  expected: Record<string, string>;
}

const vectors = fixture<{ vectors: Vector[] }>('pboc.json').vectors;
const CITY = '4300000000000001';
const SERIAL = '1122334455667788';
/** The masters behind the computed vectors: two levels lead from them to the keys of the vectors. */
const MASTERS = {
  dpk: '0123456789ABCDEFFEDCBA9876543210',
  dlk: '11112222333344445555666677778888',
  dtk: 'A0A1A2A3A4A5A6A7A8A9AAABACADAEAF',
};

// biome-ignore format: a table, one cryptogram a line: vector, step, expected field, its master.
const CASES: [string, EpurseStep, string, keyof typeof MASTERS, KeyPurpose][] = [
  ['load_ep_computed',          'load-mac1',      'mac1', 'dlk', 'epurse-load'],
  ['load_ep_computed',          'load-mac2',      'mac2', 'dlk', 'epurse-load'],
  ['load_ep_computed',          'load-tac',       'tac',  'dtk', 'epurse-tac'],
  ['unload_ed_computed',        'unload-mac1',    'mac1', 'dlk', 'epurse-unload'],
  ['unload_ed_computed',        'unload-mac2',    'mac2', 'dlk', 'epurse-unload'],
  ['unload_ed_computed',        'unload-mac3',    'mac3', 'dlk', 'epurse-unload'],
  ['purchase_ed_computed',      'purchase-mac1',  'mac1', 'dpk', 'epurse-purchase'],
  ['purchase_ed_computed',      'purchase-mac2',  'mac2', 'dpk', 'epurse-purchase'],
  ['purchase_ed_computed',      'purchase-tac',   'tac',  'dtk', 'epurse-tac'],
  ['purchase_ep_computed',      'purchase-mac1',  'mac1', 'dpk', 'epurse-purchase'],
  ['purchase_ep_computed',      'purchase-mac2',  'mac2', 'dpk', 'epurse-purchase'],
  ['purchase_ep_computed',      'purchase-tac',   'tac',  'dtk', 'epurse-tac'],
  ['cash_withdraw_computed',    'purchase-mac1',  'mac1', 'dpk', 'epurse-purchase'],
  ['cash_withdraw_computed',    'purchase-tac',   'tac',  'dtk', 'epurse-tac'],
  ['composite_capp_computed',   'purchase-mac1',  'mac1', 'dpk', 'epurse-purchase'],
  ['composite_capp_computed',   'purchase-tac',   'tac',  'dtk', 'epurse-tac'],
  ['overdraft_update_computed', 'overdraft-mac1', 'mac1', 'dlk', 'epurse-overdraft'],
  ['overdraft_update_computed', 'overdraft-mac2', 'mac2', 'dlk', 'epurse-overdraft'],
  ['overdraft_update_computed', 'overdraft-tac',  'tac',  'dtk', 'epurse-tac'],
];

function fieldsOf(inputs: Record<string, string>): EpurseFields {
  const number = (name: string) => Number.parseInt(inputs[name] ?? '0', 16);
  const type = number('type');
  const limitChange = number('new_limit') - number('old_limit');
  const change = type === 3 ? -number('amount') : type === 7 ? limitChange : number('amount');
  return {
    type,
    terminal: inputs['terminal']!,
    random: bytes(inputs['rand']!),
    onlineSequence: number('online_sn'),
    offlineSequence: number('offline_sn'),
    terminalSequence: number('terminal_sn'),
    balanceFen: number('balance'),
    newBalanceFen: number('balance') + change,
    amountFen: number('amount'),
    oldLimitFen: number('old_limit'),
    newLimitFen: number('new_limit'),
    date: inputs['date']!,
    time: inputs['time']!,
  };
}

t.test('MAC1, MAC2, MAC3 and TAC from issuer masters by two levels', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    for (const [name, step, expectedField, masterName, purpose] of CASES) {
      const vector = vectors.find((candidate) => candidate.name === name)!;
      const master = await hsm.importKey({ algorithm: '3des', purpose }, [
        bytes(MASTERS[masterName]),
      ]);
      const card = { master, factors: [bytes(CITY), bytes(SERIAL)] };
      const fields = fieldsOf(vector.inputs);
      const expected = bytes(vector.expected[expectedField]!);
      t.equal(
        hex(await hsm.generateEpurseMac(card, step, fields)),
        hex(expected),
        `${name} ${step}`,
      );
      t.equal(await hsm.verifyEpurseMac(card, step, fields, expected), true);
      const otherCard = { master, factors: [bytes(CITY), bytes('1122334455667789')] };
      t.equal(await hsm.verifyEpurseMac(otherCard, step, fields, expected), false);
      const more = {
        ...fields,
        amountFen: fields.amountFen! + 1,
        newLimitFen: fields.newLimitFen! + 1,
        oldLimitFen: fields.oldLimitFen! + 1,
      };
      t.equal(await hsm.verifyEpurseMac(card, step, more, expected), false, 'another amount');
    }
  });
});

t.test(
  'the published load and purchase with card keys, and the customary SM4 reading',
  async (t) => {
    const load = vectors.find(({ name }) => name === 'load_ed_published')!;
    const purchase = vectors.find(({ name }) => name === 'purchase_ep_published')!;
    const sm4 = vectors.find(({ name }) => name === 'sm4_purchase')!;
    const ed = vectors.find(({ name }) => name === 'purchase_ed_computed')!;
    await eachProvider(t, async (t, hsm) => {
      const mac = async (
        algorithm: '3des' | 'sm4',
        purpose: KeyPurpose,
        key: string,
        factors: string[],
        step: EpurseStep,
        inputs: Record<string, string>,
      ) => {
        const master = await hsm.importKey({ algorithm, purpose }, [bytes(key)]);
        const card = { master, factors: factors.map(bytes) };
        return hex(await hsm.generateEpurseMac(card, step, fieldsOf(inputs)));
      };
      const dlk = load.inputs['dlk']!;
      t.equal(await mac('3des', 'epurse-load', dlk, [], 'load-mac1', load.inputs), '2988AE5A');
      t.equal(await mac('3des', 'epurse-load', dlk, [], 'load-mac2', load.inputs), '3A845BF0');
      const dpk = purchase.inputs['dpk']!;
      t.equal(
        await mac('3des', 'epurse-purchase', dpk, [], 'purchase-mac1', purchase.inputs),
        'F15CAB75',
      );
      t.equal(
        await mac('3des', 'epurse-purchase', dpk, [], 'purchase-mac2', purchase.inputs),
        '56988A13',
      );
      t.equal(
        await mac('sm4', 'epurse-purchase', MASTERS.dpk, [SERIAL], 'purchase-mac1', ed.inputs),
        sm4.expected['mac1'],
      );
      t.equal(
        await mac('sm4', 'epurse-purchase', MASTERS.dpk, [SERIAL], 'purchase-mac2', ed.inputs),
        sm4.expected['mac2'],
      );
      const cardKeyOnly = () =>
        mac('3des', 'epurse-tac', MASTERS.dtk, [], 'purchase-tac', ed.inputs);
      t.equal(await codeOf(cardKeyOnly), 'unsupported', 'a TAC key is folded from a derived key');
    });
  },
);

t.test('wrong fields are named', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const master = await hsm.generateKey({ algorithm: '3des', purpose: 'epurse-load' });
    const card = { master, factors: [bytes(SERIAL)] };
    const good: EpurseFields = {
      type: 2,
      terminal: '100000000001',
      random: bytes('A1B2C3D4'),
      onlineSequence: 5,
      balanceFen: 1000,
      amountFen: 10000,
    };
    const attempt = async (change: Partial<EpurseFields>) => {
      try {
        await hsm.generateEpurseMac(card, 'load-mac1', { ...good, ...change });
        return 'accepted';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    };
    t.equal(await attempt({}), 'accepted');
    t.match(await attempt({ amountFen: 2 ** 32 }), /amountFen/);
    t.match(await attempt({ amountFen: -1 }), /amountFen/);
    t.match(await attempt({ amountFen: 0.5 }), /amountFen/);
    t.match(await attempt({ terminal: '10000000001' }), /terminal/);
    t.match(await attempt({ random: bytes('A1B2C3') }), /random/);
    t.match(await attempt({ onlineSequence: 65_536 }), /onlineSequence/);
    const shortFactor = { master, factors: [bytes('11223344')] };
    t.equal(await codeOf(() => hsm.generateEpurseMac(shortFactor, 'load-mac1', good)), 'bad_input');
  });
});

t.test('a card-update MAC starts from the card random', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const key = bytes('0123456789ABCDEFFEDCBA9876543210');
    const master = await hsm.importKey({ algorithm: '3des', purpose: 'epurse-maintenance' }, [key]);
    const command = bytes('04D68100081122334455667788');
    const card = { master, factors: [] };
    const mac = await hsm.generateCardUpdateMac(card, bytes('11223344'), command);
    t.equal(mac.length, 4);
    t.equal(
      hex(await hsm.generateCardUpdateMac(card, bytes('1122334400000000'), command)),
      hex(mac),
    );
    t.not(hex(await hsm.generateCardUpdateMac(card, bytes('11223345'), command)), hex(mac));
    const plain = await hsm.importKey({ algorithm: '3des', purpose: 'mac' }, [
      bytes('0123456789ABCDEFFEDCBA9876543210'),
    ]);
    const xored = bytes(hex(command));
    for (const [at, byte] of [0x11, 0x22, 0x33, 0x44].entries()) xored[at]! ^= byte;
    const byMac = await hsm.generateMac(plain, 'x9.19-pad80', xored);
    t.equal(hex(mac), hex(byMac).slice(0, 8), 'X9.19 over the data with the random xored in');
  });
});
