/** The outside terminal with SM4 keys, likewise from Node's crypto alone. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { type Answer, OutsideTerminal } from './outside-terminal.ts';

const SM4_TMK = '00112233445566778899AABBCCDDEEFF';

export class OutsideSm4Terminal extends OutsideTerminal {
  sm4Pik: Buffer = Buffer.alloc(16);
  sm4Mak: Buffer = Buffer.alloc(16);

  constructor(terminalId: string, merchantId: string) {
    super(terminalId, merchantId, SM4_TMK);
  }

  /** Signs in with 60.3 = 006 and takes the keys; throws when a check value is wrong. */
  async signInSm4(): Promise<Answer> {
    const frame = this.frame('0800', { 11: this.nextTrace(), 60: `00${this.batch}006` });
    const answer = (await this.ask(frame))!;
    const field62 = Buffer.from(answer.fields.get(62) ?? '', 'hex');
    if (field62.length !== 60) throw new Error('three SM4 keys with check values are 60 bytes');
    const [pik, mak] = [0, 20].map((at) => {
      const key = sm4(Buffer.from(SM4_TMK, 'hex'), field62.subarray(at, at + 16), true);
      const check = sm4(key, Buffer.alloc(16)).subarray(0, 4);
      if (!check.equals(field62.subarray(at + 16, at + 20))) throw new Error('wrong check value');
      return key;
    });
    this.sm4Pik = pik!;
    this.sm4Mak = mak!;
    this.batch = answer.fields.get(60)!.slice(2, 8);
    return answer;
  }

  sm4Mac(input: Buffer): Buffer {
    const folded = Buffer.alloc(16);
    for (let i = 0; i < input.length; i++) folded[i & 15]! ^= input[i]!;
    const text = Buffer.from(folded.toString('hex').toUpperCase(), 'latin1');
    const first = sm4(this.sm4Mak, text.subarray(0, 16));
    for (let i = 0; i < 16; i++) first[i]! ^= text[16 + i]!;
    const mac = sm4(this.sm4Mak, first).toString('hex').toUpperCase().slice(0, 8);
    return Buffer.from(mac, 'latin1');
  }

  sm4Frame(fields: Record<number, string | Buffer>, wrong = false): Buffer {
    const frame = this.frame('0200', fields, 'right');
    const mac = this.sm4Mac(frame.subarray(13, -8));
    if (wrong) mac[0]! ^= 1;
    mac.copy(frame, frame.length - 8);
    return frame;
  }

  /** Length and PIN filled with F, and the account number before it filled with zeros, 16 bytes each. */
  sm4PinBlock(pin: string, pan: string): Buffer {
    const block = Buffer.from(`0${pin.length}${pin}`.padEnd(32, 'F'), 'hex');
    const account = Buffer.from(pan.slice(-13, -1).padStart(32, '0'), 'hex');
    for (let i = 0; i < 16; i++) block[i]! ^= account[i]!;
    return sm4(this.sm4Pik, block);
  }
}

function sm4(key: Buffer, bytes: Buffer, decrypt = false): Buffer {
  const make = decrypt ? createDecipheriv : createCipheriv;
  const cipher = make('sm4-ecb', key, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}
