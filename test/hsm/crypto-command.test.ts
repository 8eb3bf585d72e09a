import { Command, CommanderError } from 'commander';
import t, { type Test } from 'tap';
import { addCryptoCommand } from '../../cli/crypto.ts';
import { fixture } from './hex.ts';

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `posp crypto …` in this process and collects what it prints. */
async function posp(t: Test, ...parameters: string[]): Promise<Outcome> {
  const program = new Command('posp').exitOverride().configureOutput({ writeErr: () => {} });
  addCryptoCommand(program);
  const stdout = t.capture(process.stdout, 'write', () => true);
  const stderr = t.capture(process.stderr, 'write', () => true);
  const before = process.exitCode;
  try {
    process.exitCode = 0;
    await program.parseAsync(['crypto', ...parameters], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = 2;
  } finally {
    stdout.restore();
    stderr.restore();
  }
  const code = Number(process.exitCode);
  process.exitCode = before;
  const text = (captured: typeof stdout) =>
    captured
      .args()
      .map((args) => String(args[0]))
      .join('');
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function value(t: Test, ...parameters: string[]): Promise<string> {
  const outcome = await posp(t, ...parameters, '--json');
  if (outcome.code !== 0) return `exit ${outcome.code}: ${outcome.stderr}`;
  return JSON.parse(outcome.stdout).value;
}

const D = '0123456789ABCDEFFEDCBA9876543210';
const FORMAT_4_KEY = '00112233445566778899AABBCCDDEEFF';
const AES_BDK = 'FEDCBA9876543210F1F1F1F1F1F1F1F1';
const AES_KSN = '123456789012345600000001';

// biome-ignore format: a table, one case a line.
const VALUES: [string, string][] = [
  ['mac --algorithm cup-ecb --key C24A8FB57AA20123 --data 4D08F434464FE7BF', '3841394539314238'],
  ['mac --algorithm cmac-aes --key 2B7E151628AED2A6ABF7158809CF4F3C --data 6BC1BEE22E409F96E93D7E117393172A', '070A16B46B4D4144F79BDD9DD04A287C'],
  [`kcv --algorithm 3des --key ${D}`, '08D7B4FB'],
  ['kcv --algorithm 3des --key 5BB5C72CD00B7338', 'AB7153CA'],
  [`kcv --algorithm sm4 --key ${D}`, '2677F46B'],
  ['pin-block --format 0 --pin 123456 --pan 123456789012345678', '061253DFFEDCBA98'],
  ['pin-block --format 0 --pin 1234 --pan 6219990000000000013 --key 89ABCDEF0123456776543210FEDCBA98', 'F36A39541639B9B0'],
  ['pin-block --format 1 --pin 1234 --fill ABCDEF0123ABCDEF', '141234ABCDEF0123'],
  ['pin-block --format 3 --pin 1234 --pan 4012345678909 --fill ABCDEFABCDEFABCD', '341274B9F9B9D35D'],
  [`pin-block --format 4 --pin 1234 --pan 1234567890123456789 --key ${FORMAT_4_KEY} --fill FFFFFFFFFFFFFFFF`, '28B41FDDD29B743E93124BD8E32D921E'],
  [`diversify --key ${D} --data 1122334455667788`, '3EB3B72576BBBE831355AB0EE3123AE8'],
  [`diversify --key ${D} --data 1122334455667788 --algorithm sm4`, '7904DC533E8BCA0C93D3C36DC8328866'],
  ['sm3 --data 616263', '66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0'],
  ['sm3 --data 616263 --key 0102030405060708090A0B0C0D0E0F10', 'A673F5905A6F786CCCEAD2C394198D6716FE523F3C70DA9ADFDB8ABB2DA88345'],
  [`sm4 --key ${D} --data ${D}`, '681EDF34D206965E86B3E94F536E4246'],
  [`sm4 --key ${D} --data 681EDF34D206965E86B3E94F536E4246 --decrypt`, D],
  [`sm4 --key ${D} --iv 000102030405060708090A0B0C0D0E0F --data AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDDEEEEEEEEFFFFFFFFAAAAAAAABBBBBBBB`, '78EBB11CC40B0A48312AAEB2040244CB4CB7016951909226979B0D15DC6A8F6D'],
  [`dukpt --key ${D} --ksn FFFF9876543210E00001 --use initial`, '6AC292FAA1315B4D858AB3A3D7D5933A'],
  [`dukpt --key ${D} --ksn FFFF9876543210EFF800 --use pin`, 'F9CDFEBF4F5B1D61B3EC12454527E189'],
  [`dukpt --algorithm aes --key ${AES_BDK} --ksn ${AES_KSN} --use initial`, '1273671EA26AC29AFA4D1084127652A1'],
  [`dukpt --algorithm aes --key ${AES_BDK} --ksn ${AES_KSN} --use derivation`, '4F21B565BAD9835E112B6465635EAE44'],
  [`dukpt --algorithm aes --key ${AES_BDK} --ksn ${AES_KSN} --use pin`, 'AF8CB133A78F8DC2D1359F18527593FB'],
  ['sm2 public-key --key 3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8', '0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13'],
];

t.test('posp crypto prints the published values', async (t) => {
  for (const [line, expected] of VALUES) {
    t.equal(await value(t, ...line.split(' ')), expected, line);
  }
});

interface Vector {
  name: string;
  algorithm: string;
  inputs: Record<string, string>;
  expected: Record<string, string>;
}

// biome-ignore format: a table, one case a line. Vector, step, field with the key, expected field.
const EPURSE: [string, string, string, string][] = [
  ['load_ed_published',        'session',       'dlk',     'seslk'],
  ['load_ed_published',        'load-mac1',     'dlk',     'mac1'],
  ['load_ed_published',        'load-mac2',     'dlk',     'mac2'],
  ['load_ed_tac_computed',     'tac',           'dtk',     'tac'],
  ['load_ed_tac_computed',     'tac',           'tac_key', 'tac'],
  ['purchase_ep_published',    'session',       'dpk',     'sespk'],
  ['purchase_ep_published',    'purchase-mac1', 'dpk',     'mac1'],
  ['purchase_ep_published',    'purchase-mac2', 'dpk',     'mac2'],
  ['purchase_ep_tac_computed', 'tac',           'dtk',     'tac'],
  ['load_ep_computed',         'load-mac1',     'key',     'mac1'],
  ['load_ep_computed',         'load-mac2',     'key',     'mac2'],
  ['load_ep_computed',         'tac',           'dtk',     'tac'],
  ['unload_ed_computed',       'unload-mac1',   'key',     'mac1'],
  ['unload_ed_computed',       'unload-mac2',   'key',     'mac2'],
  ['unload_ed_computed',       'unload-mac3',   'key',     'mac3'],
  ['purchase_ed_computed',     'purchase-mac1', 'dpk',     'mac1'],
  ['purchase_ed_computed',     'purchase-mac2', 'dpk',     'mac2'],
  ['purchase_ed_computed',     'tac',           'dtk',     'tac'],
  ['purchase_ep_computed',     'purchase-mac1', 'dpk',     'mac1'],
  ['purchase_ep_computed',     'tac',           'dtk',     'tac'],
  ['cash_withdraw_computed',   'purchase-mac1', 'dpk',     'mac1'],
  ['cash_withdraw_computed',   'tac',           'dtk',     'tac'],
  ['composite_capp_computed',  'purchase-mac2', 'dpk',     'mac2'],
  ['composite_capp_computed',  'tac',           'dtk',     'tac'],
  ['overdraft_update_computed', 'overdraft-mac1', 'duk',   'mac1'],
  ['overdraft_update_computed', 'overdraft-mac2', 'duk',   'mac2'],
  ['overdraft_update_computed', 'load-mac1',    'duk',     'mac1'],
  ['overdraft_update_computed', 'load-mac2',    'duk',     'mac2'],
  ['overdraft_update_computed', 'tac',          'dtk',     'tac'],
  ['sm4_purchase',             'session',       'dpk',     'session_key'],
  ['sm4_purchase',             'purchase-mac1', 'dpk',     'mac1'],
  ['sm4_purchase',             'tac',           'dtk',     'tac'],
];

t.test('posp crypto epurse takes the field names of the examples, whole or as data', async (t) => {
  const { vectors } = fixture<{ vectors: Vector[] }>('pboc.json');
  for (const [name, step, keyField, expectedField] of EPURSE) {
    const vector = vectors.find((candidate) => candidate.name === name)!;
    const { inputs, expected } = vector;
    const algorithm = vector.algorithm === 'SM4' ? 'sm4' : '3des';
    const run = (fields: Record<string, string>) =>
      value(
        t,
        'epurse',
        '--step',
        step,
        '--key',
        inputs[keyField]!,
        '--algorithm',
        algorithm,
        '--fields',
        JSON.stringify(fields),
      );
    t.equal(await run(inputs), expected[expectedField], `${name} ${step} with ready data`);
    const elements = Object.fromEntries(
      Object.entries(inputs).filter(([field]) => !/_data$|session_input/.test(field)),
    );
    if (elements['amount'] === undefined && elements['new_limit'] === undefined) continue;
    t.equal(
      await run({ ...elements, ...(algorithm === 'sm4' ? inputs : {}) }),
      expected[expectedField],
      `${name} ${step} from elements`,
    );
  }
});

t.test('a session key in place of a card key needs no random', async (t) => {
  const fields = JSON.stringify({ mac1_data: '000000000000100001001122334455' });
  t.equal(
    await value(
      t,
      'epurse',
      '--step',
      'load-mac1',
      '--key',
      '9B1D924E05595603',
      '--fields',
      fields,
    ),
    '2988AE5A',
  );
});

t.test('sm2 signs and verifies; a wrong signature is exit 1', async (t) => {
  const key = '3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8';
  const publicKey = await value(t, 'sm2', 'public-key', '--key', key);
  const message = Buffer.from('message digest').toString('hex');
  const published =
    'F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA';
  const signature = await value(t, 'sm2', 'sign', '--key', key, '--data', message);
  const verify = (...more: string[]) =>
    posp(t, 'sm2', 'verify', '--key', publicKey, '--data', message, '--json', ...more);
  t.match(await verify('--signature', signature), { code: 0, stdout: '{"value":true}\n' });
  t.match(await verify('--signature', published), { code: 0, stdout: '{"value":true}\n' });
  const der = `3046022100${published.slice(0, 64)}022100${published.slice(64)}`;
  t.match(await verify('--signature', der), { code: 0 }, 'as OpenSSL writes it');
  t.match(await verify('--signature', published, '--user-id', 'another'), { code: 1 });
  t.match(await verify('--signature', published, '--user-id', 'A'.repeat(8191)), { code: 1 });
  t.match(await verify('--signature', published.replace('F5', 'F4')), {
    code: 1,
    stdout: '{"value":false}\n',
  });
});

/** The base point of the curve: a public key like any other. */
const G =
  '0432C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0';

/** How many points the curve has. */
const ORDER = 'FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123';

// biome-ignore format: a table, one case a line.
const WRONG_USAGE: [string, RegExp][] = [
  ['mac --algorithm cup-ecb --key C24A8FB57AA201 --data 00',      /key has/],
  ['mac --algorithm none --key C24A8FB57AA20123 --data 00',       /--algorithm: expected cup-ecb/],
  ['mac --algorithm cup-ecb --key C24A8FB57AA20123 --data 0',     /--data: expected whole bytes/],
  ['mac --algorithm x9.19 --key C24A8FB57AA20123 --data 00',      /--key: x9.19 takes 16 bytes/],
  ['pin-block --format 0 --pin 123 --pan 123456789012345678',     /4 to 12 digits/],
  ['pin-block --format 2 --pin 1234 --pan 123456789012345678',    /--format/],
  ['pin-block --format 3 --pin 1234 --pan 1234567890123 --fill 0000000000000000', /digits A to F/],
  ['pin-block --format 3 --pin 1234 --pan 1234567890123 --fill ABCDEFABCDEFABC9', /digits A to F/],
  ['pin-block --format 1 --pin 1234 --fill ABCDEF0123',           /random part has 8 bytes, not 5/],
  ['pin-block --format 4 --pin 1234 --pan 1234567890123 --fill FF', /random part has 8 bytes, not 1/],
  ['pin-block --format 0 --pin 1234 --pan 1234567890123 --fill FFFFFFFFFFFFFFFF', /format 0 fills with F/],
  [`dukpt --key ${D} --ksn FFFF9876543210E00000`,                 /counter 0/],
  [`dukpt --key ${D} --ksn FFFF9876543210EFFE00`,                 /more than 10 one-bits/],
  [`dukpt --algorithm aes --key ${AES_BDK} --ksn 12345678901234560001FFFF`, /more than 16 one-bits/],
  [`diversify --key ${D}${D.slice(16)} --data 1122334455667788`,  /--key: the master has 16 bytes/],
  ['sm4 --key 00112233445566778899AABBCCDDEEFF --data 00',        /whole blocks/],
  [`epurse --step load-mac1 --key ${D} --fields {}`,              /--fields: balance is missing/],
  [`epurse --step load-mac1 --key ${D} --fields [1`,              /not JSON/],
  [`epurse --step tac --key ${D} --fields {"type":"7F"}`,         /type names no transaction/],
  [`epurse --step load-mac1 --key ${D} --fields {"balance":"${D}"}`, /balance has 1 to 4 bytes/],
  [`sm2 sign --key ${'F'.repeat(64)} --data 00`,                  /below the order of the curve/],
  [`sm2 sign --key ${ORDER.slice(0, -1)}2 --data 00`,             /below the order of the curve less one/],
  [`sm2 sign --key ${'0'.repeat(64)} --data 00`,                  /above 0 and below the order/],
  [`sm2 sign --key ${D}${D} --data 00 --pkcs7 --out /nowhere/x`,  /--out: \/nowhere\/x cannot be written: there is no such folder/],
  [`sm2 sign --key ${D}${D} --data 00 --user-id ${'A'.repeat(8192)}`, /user id has at most 8191 bytes/],
  [`sm2 sign --key ${D}${D} --data 00 --user-id ${'院'.repeat(2731)} --pkcs7`, /user id has at most 8191 bytes/],
  [`sm2 verify --key ${G} --data 00 --signature ${'0'.repeat(128)} --user-id ${'A'.repeat(8192)}`, /user id has at most 8191 bytes/],
  ['sm2 verify --pkcs7 .',                                        /--pkcs7: \. cannot be read/],
  [`sm2 verify --key ${G} --data 00 --signature 00`,              /--signature: r and s/],
  ['kcv --algorithm 3des',                                        /^$/],
];

t.test('wrong usage is exit 2 and one line, and does not repeat keys or PINs', async (t) => {
  for (const [line, expected] of WRONG_USAGE) {
    const outcome = await posp(t, ...line.split(' '));
    t.equal(outcome.code, 2, line);
    t.match(outcome.stderr, expected, line);
    t.equal(outcome.stdout, '', line);
    t.notMatch(outcome.stderr, /C24A8FB5|\b123\b/, line);
  }
});
