import { createCipheriv } from 'node:crypto';
import t from 'tap';
import { clearBlock, pinDigits } from '../../hsm/operations/pin.ts';
import type { PinFormat, StoredKey } from '../../hsm/types.ts';
import { bytes, codeOf, fixture, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

interface PinVector {
  name: string;
  pin: string;
  pan?: string;
  key?: string;
  expected_encrypted_3des?: string;
  expected_encrypted_aes?: string;
}

const PAN = '6219990000000000010';
const PIK = '89ABCDEF0123456776543210FEDCBA98';
const PVK = '0123456789ABCDEFFEDCBA9876543210';
/** Worked out by hand from OpenSSL's encryption of the two input blocks under PVK. */
const EXPECTED = { pvv: '5111', offset: '165578' };

t.test('published and computed PIN blocks open to their PIN', async (t) => {
  const { pin_blocks } = fixture<{ pin_blocks: PinVector[] }>('pin-kcv-dukpt.json');
  await eachProvider(t, async (t, hsm) => {
    const referenceKey = await hsm.generateKey({ algorithm: '3des', purpose: 'pin-reference' });
    let seen = 0;
    for (const vector of pin_blocks) {
      const block = vector.expected_encrypted_3des ?? vector.expected_encrypted_aes;
      if (block === undefined) continue;
      seen++;
      const aes = vector.expected_encrypted_aes !== undefined;
      const pinKey = await hsm.importKey({ algorithm: aes ? 'aes' : '3des', purpose: 'pin' }, [
        bytes(vector.key!),
      ]);
      const pan = vector.pan!;
      const pin = { pinKey, format: (aes ? 4 : 0) as PinFormat, pinBlock: bytes(block), pan };
      const reference = await hsm.createPinReference(referenceKey, { pan, pin: vector.pin });
      const wrong = await hsm.createPinReference(referenceKey, { pan, pin: '9999' });
      t.equal(await hsm.verifyPin(pin, { referenceKey, reference }), true, vector.pin);
      t.equal(await hsm.verifyPin(pin, { referenceKey, reference: wrong }), false, vector.pin);
      if (!aes)
        t.equal(hex(await hsm.encryptPin(pinKey, { format: 0, pin: vector.pin, pan })), block);
    }
    t.ok(seen >= 8, 'the file has encrypted blocks');
  });
});

t.test('a published SM4 PIN block, before its encryption', async (t) => {
  const { pin, pan, clear } = {
    pin: '123654',
    pan: '6230606601007726888',
    clear: '06123654FFFFFFFFFFFF99FEFF88D977',
  };
  t.equal(hex(clearBlock(pinDigits(pin), 0, pan, 16, undefined)), clear);
  await eachProvider(t, async (t, hsm) => {
    const value = '1234567890ABCDEFABCDEF0987654321';
    const pinKey = await hsm.importKey({ algorithm: 'sm4', purpose: 'pin' }, [bytes(value)]);
    const cipher = createCipheriv('sm4-ecb', bytes(value), null).setAutoPadding(false);
    const encrypted = hex(cipher.update(bytes(clear)));
    t.equal(hex(await hsm.encryptPin(pinKey, { format: 0, pin, pan })), encrypted);
  });
});

t.test('every format to every format, zones and algorithms mixed', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const tdes = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    const sm4 = await hsm.generateKey({ algorithm: 'sm4', purpose: 'pin' });
    const aes = await hsm.generateKey({ algorithm: 'aes', purpose: 'pin', lengthBytes: 32 });
    const des = await hsm.generateKey({ algorithm: 'des', purpose: 'pin' });
    const referenceKey = await hsm.generateKey({ algorithm: 'aes', purpose: 'pin-reference' });
    const zones: [PinFormat, StoredKey][] = [
      [0, tdes],
      [1, tdes],
      [3, tdes],
      [0, des],
      [0, sm4],
      [1, sm4],
      [3, sm4],
      [4, aes],
    ];
    for (const length of [4, 6, 12]) {
      const pin = '918273645501'.slice(0, length);
      const reference = await hsm.createPinReference(referenceKey, { pan: PAN, pin });
      for (const [format, pinKey] of zones) {
        const pinBlock = await hsm.encryptPin(pinKey, { format, pin, pan: PAN });
        for (const [toFormat, toKey] of zones) {
          const from = { pinKey, format, pinBlock, pan: PAN };
          const moved = await hsm.translatePin(from, { pinKey: toKey, format: toFormat });
          const opened = { pinKey: toKey, format: toFormat, pinBlock: moved, pan: PAN };
          const name = `${length} digits, ${format} to ${toFormat} under ${toKey.algorithm}`;
          t.equal(await hsm.verifyPin(opened, { referenceKey, reference }), true, name);
        }
      }
    }
  });
});

t.test('a block that is no PIN block is refused, and says nothing about the PIN', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const pinKey = await hsm.importKey({ algorithm: '3des', purpose: 'pin' }, [bytes(PIK)]);
    const otherKey = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    const referenceKey = await hsm.generateKey({ algorithm: 'sm4', purpose: 'pin-reference' });
    const reference = await hsm.createPinReference(referenceKey, { pan: PAN, pin: '123456' });
    const good = await hsm.encryptPin(pinKey, { format: 3, pin: '123456', pan: PAN });
    const verify = (key: StoredKey, format: PinFormat, pinBlock: Uint8Array, pan = PAN) =>
      hsm.verifyPin({ pinKey: key, format, pinBlock, pan }, { referenceKey, reference });
    t.equal(await verify(pinKey, 3, good), true);
    // biome-ignore format: a table, one case a line.
    const cases: [string, string, () => unknown][] = [
      ['eight zero bytes',   'bad_pin_block',   () => verify(pinKey, 0, Buffer.alloc(8))],
      ['another key',        'bad_pin_block',   () => verify(otherKey, 3, good)],
      ['another format',     'bad_pin_block',   () => verify(pinKey, 0, good)],
      ['seven bytes',        'bad_input',       () => verify(pinKey, 0, good.subarray(1))],
      ['format 4 with 3DES', 'wrong_algorithm', () => verify(pinKey, 4, good)],
      ['no PAN',             'bad_input',       () => verify(pinKey, 3, good, '')],
      ['letters in a PIN',   'bad_input',       () => hsm.encryptPin(pinKey, { format: 0, pin: '12a456', pan: PAN })],
    ];
    for (const [name, code, work] of cases) t.equal(await codeOf(work), code, name);
    t.not(
      hex(
        await hsm.createPinReference(referenceKey, { pan: '6219990000000000028', pin: '123456' }),
      ),
      hex(reference),
      'the same PIN on another card',
    );
    const fromBlock = await hsm.createPinReference(referenceKey, {
      pinKey,
      format: 3,
      pinBlock: good,
      pan: PAN,
    });
    t.equal(hex(fromBlock), hex(reference), 'set from a block: the new PIN of a card');
  });
});

t.test('Visa PVV and IBM 3624 offset', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const pinKey = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    const key = await hsm.importKey({ algorithm: '3des', purpose: 'pin-verification' }, [
      bytes(PVK),
    ]);
    const pan = '4012345678909';
    const pin = async (digits: string) => ({
      pinKey,
      format: 0 as const,
      pinBlock: await hsm.encryptPin(pinKey, { format: 0, pin: digits, pan }),
      pan,
    });
    const pvv = await hsm.createPvv(key, 1, await pin('1234'));
    t.match(pvv, /^\d{4}$/);
    t.equal(pvv, EXPECTED.pvv);
    t.equal(await hsm.verifyPvv(key, 1, await pin('1234'), pvv), true);
    t.equal(await hsm.verifyPvv(key, 1, await pin('1235'), pvv), false);
    t.equal(await hsm.verifyPvv(key, 2, await pin('1234'), pvv), false);
    const offset = await hsm.createPinOffset(key, await pin('123456'));
    t.equal(offset, EXPECTED.offset);
    t.equal(await hsm.verifyPinOffset(key, await pin('123456'), offset), true);
    t.equal(await hsm.verifyPinOffset(key, await pin('123457'), offset), false);
  });
});
