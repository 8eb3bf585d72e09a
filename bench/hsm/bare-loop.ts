/** Loops that do nothing but encrypt: what an operation is measured beside. */
import { createCipheriv } from 'node:crypto';
import { newModule } from '../../hsm/pkcs11/binding.ts';
import { CKK, CKM } from '../../hsm/pkcs11/constants.ts';
import { secretKeyTemplate } from '../../hsm/pkcs11/templates.ts';

/** One encryption for each number of bytes, 3DES in ECB. */
export interface BareLoop {
  name: string;
  run(callBytes: readonly number[]): void;
}

const LONGEST_CALL_BYTES = 160;
const KEY = Buffer.from('0123456789ABCDEFFEDCBA98765432100123456789ABCDEF', 'hex');

function buffersByLength(): Buffer[] {
  return Array.from({ length: LONGEST_CALL_BYTES + 1 }, (_, length) => Buffer.alloc(length));
}

/** C_EncryptInit and C_Encrypt: what the token gives to a caller that does nothing else. */
export async function openTokenLoop(path: string, label: string): Promise<BareLoop> {
  const module = await newModule();
  module.load(path);
  const slot = module
    .C_GetSlotList(true)
    .find((candidate) => module.C_GetTokenInfo(candidate).label.startsWith(label));
  const session = module.C_OpenSession(slot!, 0x6);
  const template = secretKeyTemplate({ keyType: CKK.DES3, value: KEY, encrypt: true });
  const key = module.C_CreateObject(session, template);
  const mechanism = { mechanism: CKM.DES3_ECB };
  const [inputs, outputs] = [buffersByLength(), buffersByLength()];
  return {
    name: 'bare C_Encrypt loop',
    run(callBytes) {
      for (const bytes of callBytes) {
        module.C_EncryptInit(session, mechanism, key);
        module.C_Encrypt(session, inputs[bytes]!, outputs[bytes]!);
      }
    },
  };
}

/** The same for the software provider: a cipher object that is kept. */
export function openCipherLoop(): BareLoop {
  const cipher = createCipheriv('des-ede3-ecb', KEY, null).setAutoPadding(false);
  const inputs = buffersByLength();
  return {
    name: 'bare cipher.update loop',
    run(callBytes) {
      for (const bytes of callBytes) cipher.update(inputs[bytes]!);
    },
  };
}
