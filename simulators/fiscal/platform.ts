/**
 * A fiscal platform (财政电子票据系统) to test against: it registers bills, checks the unit's
 * signature, signs over the same bytes, hands out numbers and bookings, and can be told to go wrong
 * the ways real ones do. What it knows is in its memory; the two message styles are in the files
 * beside this one.
 */
import { sm2KeyPair, sm2Sign, sm2Verify } from '../../hsm/operations/sm2.ts';

/** Ways to go wrong, for the next calls or always. */
export type FiscalFault =
  /** Does the work and never answers. */
  | 'time-out-after-issue'
  /** Does nothing and never answers. */
  | 'time-out-before-issue'
  /** Hears the request twice and answers the second hearing: it has the bill already. */
  | 'duplicate'
  | 'slow'
  /** Signs something else. */
  | 'wrong-signature'
  | 'refuse'
  /** Answers with something that is no message. */
  | 'garbage'
  /** Answers with XML that is made to hurt its reader; the gateway's JSON has garbage in its place. */
  | 'entity-bomb'
  | 'external-entity'
  | 'deep-xml';

export interface RegisteredBill {
  billCode: string;
  billNumber: string;
  busNo: string;
  busDate: string;
  totalFen: number;
  kind: string;
  original: Buffer;
  supervisorSignature: string;
}

export interface PlatformSegment {
  medium: 'electronic' | 'paper';
  billCode: string;
  from: number;
  to: number;
  reference: string;
}

/** A refusal in the platform's own words. */
export class PlatformRefusal extends Error {
  override readonly name = 'PlatformRefusal';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const DUPLICATE = '1001';
export const CERTIFICATE_SERIAL = 'FISCAL-TEST-1';

export class FiscalPlatform {
  readonly bills = new Map<string, RegisteredBill>();
  readonly papers = new Map<string, 'printed' | 'cancelled'>();
  readonly bookings: {
    billCode: string;
    billNumber: string;
    date: string;
    fen: number;
    unit: string;
  }[] = [];
  readonly publicKey: string;
  /** How often a bill came that was there already. */
  duplicates = 0;
  calls = 0;
  slowMs = 300;
  readonly #privateKey: Uint8Array;
  readonly #segments: PlatformSegment[] = [];
  readonly #given = new Map<string, { billCode: string; billNumber: string; random: string }>();
  readonly #nextNumbers = new Map<string, number>();
  #faults: FiscalFault[] = [];
  #chance: { fault: FiscalFault; probability: number; random: () => number }[] = [];

  constructor() {
    const { privateKey, publicKey } = sm2KeyPair();
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** The next calls go wrong in these ways, one each. */
  failNext(...faults: FiscalFault[]): void {
    this.#faults.push(...faults);
  }

  /** Calls go wrong with this probability until `calm`. */
  failSometimes(fault: FiscalFault, probability: number, random: () => number): void {
    this.#chance.push({ fault, probability, random });
  }

  calm(): void {
    this.#faults = [];
    this.#chance = [];
  }

  /** How this call goes wrong, or null. */
  nextFault(): FiscalFault | null {
    this.calls++;
    const planned = this.#faults.shift();
    if (planned !== undefined) return planned;
    return this.#chance.find(({ probability, random }) => random() < probability)?.fault ?? null;
  }

  /** Registers a bill and signs it. */
  issue(
    bill: Omit<RegisteredBill, 'supervisorSignature'>,
    unit: { signature: string; publicKey: string; relatedCode: string; relatedNumber: string },
    fault: FiscalFault | null,
  ): RegisteredBill {
    const key = `${bill.billCode}-${bill.billNumber}`;
    if (fault === 'refuse') throw new PlatformRefusal('2001', '票据信息不合法');
    if (this.bills.has(key)) {
      this.duplicates++;
      throw new PlatformRefusal(DUPLICATE, '票据已存在');
    }
    const signature = Buffer.from(unit.signature, 'base64');
    if (!sm2Verify(unit.publicKey, bill.original, signature)) {
      throw new PlatformRefusal('3001', '单位签名验证失败');
    }
    const related = `${unit.relatedCode}-${unit.relatedNumber}`;
    if (bill.kind === '2' && unit.relatedCode !== '' && !this.bills.has(related)) {
      throw new PlatformRefusal('2002', '原票据不存在');
    }
    const signed = fault === 'wrong-signature' ? Buffer.from('something else') : bill.original;
    const right = this.#sign(bill.original);
    this.bills.set(key, { ...bill, supervisorSignature: right });
    if (fault === 'duplicate') {
      this.duplicates++;
      throw new PlatformRefusal(DUPLICATE, '票据已存在');
    }
    const supervisorSignature = signed === bill.original ? right : this.#sign(signed);
    return { ...bill, supervisorSignature };
  }

  /** 换开 printed (3) or its print cancelled (4). */
  paper(kind: string, billKey: string, paperKey: string): void {
    if (!this.bills.has(billKey)) throw new PlatformRefusal('2002', '原票据不存在');
    this.papers.set(paperKey, kind === '3' ? 'printed' : 'cancelled');
  }

  /** One number for one request, however often it is asked. */
  takeNumber(
    requestId: string,
    billCode: string,
  ): { billCode: string; billNumber: string; random: string } {
    let given = this.#given.get(requestId);
    if (given === undefined) {
      const next = this.#nextNumbers.get(billCode) ?? 1;
      this.#nextNumbers.set(billCode, next + 1);
      const random = (next * 2_654_435_761).toString(16).slice(-6).padStart(6, '0');
      given = { billCode, billNumber: String(next).padStart(10, '0'), random };
      this.#given.set(requestId, given);
    }
    return given;
  }

  billsOfDate(date: string): RegisteredBill[] {
    return [...this.bills.values()].filter((bill) => bill.busDate === date);
  }

  /** Gives numbers to the unit; they are told until the end of days, as platforms do. */
  giveSegment(segment: PlatformSegment): void {
    this.#segments.push(segment);
  }

  segments(): readonly PlatformSegment[] {
    return this.#segments;
  }

  /** 在线申领: approved at once, behind all numbers of the code that were given before. */
  applyForNumbers(billCode: string, count: number): void {
    const last = Math.max(
      0,
      ...this.#segments.filter((row) => row.billCode === billCode).map(({ to }) => to),
    );
    const reference = `A${this.#segments.length + 1}`;
    const range = { from: last + 1, to: last + count };
    this.#segments.push({ medium: 'electronic', billCode, ...range, reference });
  }

  #sign(bytes: Uint8Array): string {
    return sm2Sign(this.#privateKey, this.publicKey, bytes).toString('base64');
  }
}
