/** Purchases of the sample hospital's terminals, encoded and with their MACs, before the clock starts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHsm } from '../../hsm/open.ts';
import { cup } from '../../protocols/dialects/cup.ts';
import { field60 } from '../../protocols/dialects/cup-fields.ts';
import { joinEnvelope } from '../../protocols/framing/envelope.ts';
import { CUP_TERMINAL_FRAMING } from '../../protocols/framing/framing.ts';
import { PosTerminal } from '../../simulators/terminal/pos-terminal.ts';
import { TerminalKeys } from '../../simulators/terminal/terminal-keys.ts';
import { cardNumberOf } from '../../switch/card-numbers.ts';

const TPDU = Buffer.from('6000060000', 'hex');
const HEADER = Buffer.from('603100311234', 'hex');
const MASTER_KEY = '0123456789ABCDEFFEDCBA9876543210';
const TERMINALS = 16;
const CARDS = 200;

/** Makes frames for as many terminals as the sample has; trace numbers go on from call to call. */
export class PurchaseMaker {
  readonly #terminals: { id: string; keys: TerminalKeys; batchNumber: string; trace: number }[] =
    [];

  /** Signs all terminals in. */
  async signIn(port: number): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'posp-bench-terminals-'));
    const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'keys.json') });
    rmSync(folder, { recursive: true, force: true });
    for (let number = 1; number <= TERMINALS; number++) {
      const id = String(10_000_000 + number);
      const keys = await TerminalKeys.inject(hsm, MASTER_KEY, '3des');
      const merchantId = '123456789012345';
      const options = { host: '127.0.0.1', port, terminalId: id, merchantId, keys };
      const terminal = new PosTerminal(options);
      const { responseCode } = await terminal.signIn();
      if (responseCode !== '00') throw new Error(`${id} cannot sign in: ${responseCode}`);
      this.#terminals.push({ id, keys, batchNumber: terminal.batchNumber, trace: 100_000 });
      terminal.close();
    }
  }

  /** So many purchases of 0.01 yuan with our own cards, or with those of the bank behind the host link. */
  async make(count: number, cards: 'own' | 'bank' = 'own', pin?: string): Promise<Buffer[]> {
    const frames: Buffer[] = [];
    for (let made = 0; made < count; made++) {
      const terminal = this.#terminals[made % TERMINALS]!;
      terminal.trace++;
      const prefix = cards === 'own' ? '621999000000000' : '622848000000000';
      const card = cardNumberOf(prefix, 3, 10 + (made % CARDS));
      const { id, keys, batchNumber, trace } = terminal;
      const pinFields =
        pin === undefined
          ? { 22: '022' }
          : { 22: '021', 26: '12', 52: await keys.pinBlock(pin, card), 53: '2600000000000000' };
      const body = cup.encode({
        mti: '0200',
        fields: {
          2: card,
          3: '000000',
          4: '000000000001',
          11: String(trace).padStart(6, '0'),
          25: '00',
          35: `${card}D30122010000000000`,
          41: id,
          42: '123456789012345',
          49: '156',
          60: field60.format({ transactionType: '22', batchNumber, networkCode: '000' }),
          ...pinFields,
          64: new Uint8Array(8),
        },
      });
      body.set(await keys.mac(body.subarray(0, -8)), body.length - 8);
      frames.push(joinEnvelope(CUP_TERMINAL_FRAMING, TPDU, HEADER, body));
    }
    return frames;
  }
}
