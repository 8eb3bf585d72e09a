/** The operations that are measured, each with the work that it asks of the token. */
import type { Hsm, KeyPurpose, KeySpec, StoredKey } from '../../hsm/types.ts';

const PAN = '6219990000000000010';
export const MESSAGE = Buffer.alloc(150, 0x37);

export interface Operation {
  name: string;
  work: () => unknown;
  /** The calls that it makes of the token, by their bytes. */
  calls: readonly number[];
  /** All of its work is in those calls: it shall keep up with the bare loop. */
  inside?: boolean;
}

interface Keys {
  mac: StoredKey;
  mac16: StoredKey;
  sm4Mac: StoredKey;
  aesMac: StoredKey;
  pin: StoredKey;
  otherPin: StoredKey;
  reference: StoredKey;
  data: StoredKey;
  kek: StoredKey;
  load: StoredKey;
  tac: StoredKey;
  emv: StoredKey;
  sign: StoredKey;
}

async function makeKeys(hsm: Hsm): Promise<Keys> {
  const make = (algorithm: KeySpec['algorithm'], purpose: KeyPurpose) =>
    hsm.generateKey({ algorithm, purpose });
  return {
    mac: await make('des', 'mac'),
    mac16: await make('3des', 'mac'),
    sm4Mac: await make('sm4', 'mac'),
    aesMac: await make('aes', 'mac'),
    pin: await make('3des', 'pin'),
    otherPin: await make('3des', 'pin'),
    reference: await make('aes', 'pin-reference'),
    data: await make('3des', 'data'),
    kek: await make('3des', 'kek'),
    load: await make('3des', 'epurse-load'),
    tac: await make('3des', 'epurse-tac'),
    emv: await make('3des', 'emv-ac'),
    sign: await make('sm2', 'sign'),
  };
}

export async function operationsOf(hsm: Hsm): Promise<Operation[]> {
  const keys = await makeKeys(hsm);
  const mac = await hsm.generateMac(keys.mac, 'cup-ecb', MESSAGE);
  const pinBlock = await hsm.encryptPin(keys.pin, { format: 0, pin: '123456', pan: PAN });
  const pin = { pinKey: keys.pin, format: 0, pinBlock, pan: PAN } as const;
  const reference = await hsm.createPinReference(keys.reference, { pan: PAN, pin: '123456' });
  const against = { referenceKey: keys.reference, reference };
  const wrapped = await hsm.exportKey(keys.mac16, keys.kek);
  const fields = {
    type: 2,
    terminal: '100000000001',
    random: Buffer.from('A1B2C3D4', 'hex'),
    onlineSequence: 5,
    balanceFen: 1_000,
    newBalanceFen: 11_000,
    amountFen: 10_000,
    date: '20250305',
    time: '101112',
  };
  const factors = [Buffer.alloc(8, 0x43), Buffer.alloc(8, 0x11)];
  const signature = await hsm.sign(keys.sign, MESSAGE);
  const arqc = {
    master: keys.emv,
    pan: PAN,
    panSequence: '01',
    atc: Buffer.from([0, 21]),
    session: 'pboc',
    data: MESSAGE.subarray(0, 37),
    padding: '80',
  } as const;
  const track = '6219990000000000010D30122010000000000';
  const spec: KeySpec = { algorithm: '3des', purpose: 'mac' };
  const card = (master: StoredKey) => ({ master, factors });
  // biome-ignore format: a table, one operation a line.
  return [
    { name: 'MAC cup-ecb of 150 bytes',        calls: [16],        inside: true, work: () => hsm.generateMac(keys.mac, 'cup-ecb', MESSAGE) },
    { name: 'MAC x9.9 of 150 bytes',           calls: [152],       inside: true, work: () => hsm.generateMac(keys.mac, 'x9.9', MESSAGE) },
    { name: 'MAC x9.19 of 150 bytes',          calls: [152, 8, 8], inside: true, work: () => hsm.generateMac(keys.mac16, 'x9.19', MESSAGE) },
    { name: 'MAC cmac-3des of 150 bytes',      calls: [8, 152],    inside: true, work: () => hsm.generateMac(keys.mac16, 'cmac-3des', MESSAGE) },
    { name: 'MAC cmac-aes of 150 bytes',       calls: [160],                     work: () => hsm.generateMac(keys.aesMac, 'cmac-aes', MESSAGE) },
    { name: 'MAC cup-sm4 of 150 bytes',        calls: [8],                       work: () => hsm.generateMac(keys.sm4Mac, 'cup-sm4', MESSAGE) },
    { name: 'encrypt a PIN block',             calls: [8],         inside: true, work: () => hsm.encryptPin(keys.pin, { format: 0, pin: '123456', pan: PAN }) },
    { name: 'translate a PIN block',           calls: [8, 8],      inside: true, work: () => hsm.translatePin(pin, { pinKey: keys.otherPin, format: 0 }) },
    { name: 'verify a PIN',                    calls: [8, 16, 48], inside: true, work: () => hsm.verifyPin(pin, against) },
    { name: 'encrypt a track',                 calls: [8],         inside: true, work: () => hsm.encryptTrack(keys.data, track) },
    { name: 'e-purse load MAC1, two levels',   calls: [16],                      work: () => hsm.generateEpurseMac(card(keys.load), 'load-mac1', fields) },
    { name: 'e-purse load TAC, two levels',    calls: [16],                      work: () => hsm.generateEpurseMac(card(keys.tac), 'load-tac', fields) },
    { name: 'verify an ARQC',                  calls: [16],                      work: () => hsm.verifyArqc(arqc, mac) },
    { name: 'generate a working key',          calls: [8, 8, 8],                 work: () => hsm.generateKey(spec) },
    { name: 'export a key under a master key', calls: [8, 8],                    work: () => hsm.exportKey(keys.mac16, keys.kek) },
    { name: 'import a wrapped key',            calls: [8, 8],                    work: () => hsm.importWrapped(spec, keys.kek, wrapped.cryptogram) },
    { name: 'SM2 signature',                   calls: [8],                       work: () => hsm.sign(keys.sign, MESSAGE) },
    { name: 'SM2 verification',                calls: [8],                       work: () => hsm.verify(keys.sign.publicKey!, MESSAGE, signature) },
  ];
}
