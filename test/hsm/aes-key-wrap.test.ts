import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { aesKeyUnwrap, aesKeyWrap } from '../../hsm/aes-key-wrap.ts';
import { HsmError } from '../../hsm/errors.ts';
import { ProcessKey } from '../../hsm/process-key.ts';
import { testSeed } from './seed.ts';

t.test('AES key wrap gives OpenSSL’s bytes, comes back, and finds every change', async (t) => {
  const seed = testSeed();
  t.comment(`POSP_TEST_SEED=${seed}`);
  const property = fc.property(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc
      .integer({ min: 2, max: 6 })
      .chain((halves) => fc.uint8Array({ minLength: 8 * halves, maxLength: 8 * halves })),
    fc.nat(),
    (masterBytes, keyBytes, flip) => {
      const master = new ProcessKey('aes', masterBytes);
      const key = Buffer.from(keyBytes);
      const wrapped = aesKeyWrap((block) => master.encryptEcb(block), key);
      const cipher = createCipheriv('id-aes256-wrap', masterBytes, Buffer.alloc(8, 0xa6));
      const expected = Buffer.concat([cipher.update(key), cipher.final()]);
      const unwrap = (bytes: Buffer) => aesKeyUnwrap((block) => master.decryptEcb(block), bytes);
      if (!wrapped.equals(expected) || !unwrap(wrapped).equals(key)) return false;
      const changed = Buffer.from(wrapped);
      changed[flip % changed.length]! ^= 1 << (flip % 8);
      try {
        unwrap(changed);
        return false;
      } catch (error) {
        return error instanceof HsmError && error.code === 'tampered';
      }
    },
  );
  const result = fc.check(property, { seed, numRuns: 200 });
  t.equal(result.failed, false, fc.defaultReportMessage(result) ?? 'no counterexample');
});
