/**
 * Asking invoicing for something: a fact goes into the journal, and what the rules made of it comes
 * back. Used by the API, the TCP gateway and the command line alike.
 */
import { randomUUID } from 'node:crypto';
import { BusinessTime } from '../../ledger/business-time.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { ModuleQueries } from '../frame/queries.ts';
import { billCodeOf } from './apply/issue.ts';
import { linkName } from './apply/links.ts';
import type { PaperName } from './bill/bill.ts';
import { type BillContent, channelFen, contentProblem, type PaymentLink } from './bill/content.ts';
import { isDateTime } from './bill/dates.ts';
import {
  canonicalJson,
  chargeFactKey,
  type FactKind,
  type FactPayloads,
  factEntry,
  type IssueAt,
  newSecret,
  RULES_EDITION,
} from './facts.ts';
import type { Managed } from './managed/schemas.ts';
import type { FoundBill, InvoicingQueries } from './queries.ts';
import type { OutcomeRow } from './tables.ts';

/** What was asked for was not done. The code is for programs, the message for people. */
export class InvoicingRefused extends Error {
  override readonly name = 'InvoicingRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface DeskParts {
  ledger: LedgerClient;
  view: ModuleQueries<InvoicingQueries>;
  institution: string;
  /** `client:his`, `operator:admin`. */
  who: string;
}

type Payload<Kind extends FactKind> = Omit<FactPayloads[Kind], 'who'>;

/** What became of a charge that was registered. */
export interface ChargeAnswer {
  /** The bill, or why there is none yet. */
  bill: FoundBill | null;
  reason: string;
}

export class Desk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  get queries(): InvoicingQueries {
    return this.#parts.view.queries;
  }

  get institution(): string {
    return this.#parts.institution;
  }

  /**
   * Puts a fact into the journal and gives what became of it. `key` makes it the same fact when it is
   * said again; without one it is new. Throws InvoicingRefused when a rule stood against it.
   */
  async ask<Kind extends FactKind>(
    kind: Kind,
    payload: Payload<Kind>,
    key: string = randomUUID(),
  ): Promise<OutcomeRow> {
    const { ledger, view, institution, who } = this.#parts;
    const whole = { ...payload, who } as unknown as FactPayloads[Kind];
    const entry = factEntry(kind, institution, key, whole);
    const { status, position } = await ledger.submit(entry);
    if (status !== 'applied' && status !== 'exists') {
      throw new InvoicingRefused('not-recorded', `the journal refused it: ${status}`);
    }
    if (!(await view.reached(position))) {
      throw new InvoicingRefused('not-yet', 'it is recorded; what becomes of it is not known yet');
    }
    const outcome = view.queries.outcome(entry.id);
    if (outcome === null) throw new Error(`position ${position}: no outcome of ${kind}`);
    if (outcome.status === 'refused') throw new InvoicingRefused(outcome.code, outcome.message);
    return outcome;
  }

  /**
   * Registers a charge. It becomes a bill with its payment, at check-in, or at once. The same busNo
   * with the same content is the same charge; with another it is refused.
   */
  async registerCharge(
    content: BillContent,
    issueAt: IssueAt,
    links: PaymentLink[],
    uses: NonNullable<FactPayloads['charge']['uses']> = [],
  ): Promise<ChargeAnswer> {
    return this.#register({ content, issueAt, links, uses });
  }

  /**
   * The same for a caller who takes no for an answer: what cannot be a bill is refused and leaves
   * nothing behind, so the same busNo may be corrected and sent again. Only a bill that comes by itself
   * (at check-in, with a number that the fiscal side was asked for) is registered without being there.
   */
  async issueOrRefuse(
    content: BillContent,
    links: PaymentLink[],
    uses: NonNullable<FactPayloads['charge']['uses']>,
  ): Promise<ChargeAnswer> {
    const issueAt = this.issueAtOf(content, links);
    return this.#register({ content, issueAt, links, uses, orNothing: true });
  }

  /** When a charge is due that does not say it: as its business category has it. */
  issueAtOf({ busType }: BillContent, links: readonly PaymentLink[]): IssueAt {
    const category = this.queries.managed(this.institution, 'category', busType)?.value;
    if (category?.issueAt === 'check-in') return 'check-in';
    return links.length > 0 ? 'payment' : 'now';
  }

  async #register(
    asked: Pick<FactPayloads['charge'], 'content' | 'issueAt' | 'links' | 'uses' | 'orNothing'>,
  ): Promise<ChargeAnswer> {
    const { content } = asked;
    const problem = contentProblem(content);
    if (problem !== null) throw new InvoicingRefused('content-does-not-add-up', problem);
    const known = this.queries.charge(this.institution, content.busNo);
    const links = this.#linksOf(content, asked.links);
    if (known === null) this.#checkBefore(content, links.length > 0 ? 'payment' : asked.issueAt);
    else if (canonicalJson(known.contents[0]) !== canonicalJson(content)) {
      throw new InvoicingRefused('busNo-used', `busNo ${content.busNo} has another content`);
    }
    const names = new Set(known?.links.map(linkName));
    const says = known === null || asked.links.some((link) => !names.has(linkName(link)));
    if (says) {
      await this.ask('charge', { ...asked, links, secret: newSecret(), rules: RULES_EDITION });
    }
    return this.chargeAnswer(content.busNo);
  }

  /** Each name once. Money of the journal without a name is that of the payment which carries the busNo. */
  #linksOf(content: BillContent, links: readonly PaymentLink[]): PaymentLink[] {
    if (links.length === 0 && this.#journalFen(content) !== 0) {
      return [{ businessNumber: content.busNo }];
    }
    return [...new Map(links.map((link) => [linkName(link), link])).values()];
  }

  /** The part of the total that our own journal holds the money of. */
  #journalFen(content: BillContent): number {
    const channels = this.queries.managedList(this.institution, 'channel');
    const journal = channels.filter(({ value }) => value.journal).map(({ key }) => key);
    return channelFen(content, new Set(journal));
  }

  /**
   * 项目分组: a content without lines gets those of the group, whose bill type must be the one that the
   * business gets. Throws InvoicingRefused.
   */
  withItemGroup(content: BillContent, code: string): BillContent {
    const group = this.queries.managed(this.institution, 'itemGroup', code)?.value;
    if (!group?.enabled) throw new InvoicingRefused('not-found', `there is no item group ${code}`);
    const category = this.queries.managed(this.institution, 'category', content.busType)?.value;
    if (category?.billType !== group.billType || content.lines.length > 0) {
      throw new InvoicingRefused('item-group-does-not-fit', `${code} does not fit this charge`);
    }
    const rest = { quantity: '', selfFen: 0, remark: '' };
    return { ...content, lines: group.lines.map((line) => ({ ...line, ...rest })) };
  }

  /** What is left of a charge after a refund: the old bill goes, a new one over this comes. */
  async registerRemainder(busNo: string, content: BillContent): Promise<ChargeAnswer> {
    const problem = contentProblem(content);
    if (problem !== null) throw new InvoicingRefused('content-does-not-add-up', problem);
    if (content.busNo !== busNo) {
      throw new InvoicingRefused('busNo-differs', 'the remainder has another busNo');
    }
    const links = this.queries.charge(this.institution, busNo)?.links;
    if (links?.length === 0 && this.#journalFen(content) !== 0) {
      throw new InvoicingRefused('payment-not-named', `busNo ${busNo} names no payment`);
    }
    await this.ask('remainder', { busNo, content }, chargeFactKey(content));
    return this.chargeAnswer(busNo);
  }

  /** 冲红 on somebody's word. */
  async redLetter(payload: Payload<'red-letter'>, key?: string): Promise<OutcomeRow> {
    const { busDateTime } = payload;
    if (busDateTime !== undefined && !isDateTime(busDateTime)) {
      throw new InvoicingRefused('bad-field', 'busDateTime is yyyyMMddHHmmssSSS');
    }
    return this.ask('red-letter', { ...payload, rules: RULES_EDITION }, key);
  }

  /** 入账: only a bill itself is booked, at its whole amount. */
  async book(payload: Payload<'booked'>, key?: string): Promise<OutcomeRow> {
    const bill = this.queries.bill(payload)?.bill;
    if (bill?.kind === 'red') throw new InvoicingRefused('is-a-red-bill', 'it is not booked');
    if (bill !== undefined && bill.content.totalFen !== payload.amountFen) {
      throw new InvoicingRefused('amount-differs', `the bill is over ${bill.content.totalFen} fen`);
    }
    return this.ask('booked', payload, key);
  }

  /** Paper that a bill goes to: named by ten digits, as it is printed. */
  newPaper({ paperCode, paperNumber }: PaperName): PaperName {
    if (!/^\d{1,10}$/.test(paperNumber)) {
      throw new InvoicingRefused('bad-field', 'a paper number has up to 10 digits');
    }
    return { paperCode, paperNumber: paperNumber.padStart(10, '0') };
  }

  /** Paper that a bill went to; before the ten digits were asked for, it was named as somebody typed it. */
  knownPaper(typed: PaperName): PaperName {
    if (this.queries.paper(typed) !== null) return typed;
    const named = this.newPaper(typed);
    const short = { ...named, paperNumber: String(Number(named.paperNumber)) };
    return this.queries.paper(named) === null && this.queries.paper(short) !== null ? short : named;
  }

  chargeAnswer(busNo: string): ChargeAnswer {
    const charge = this.queries.charge(this.institution, busNo);
    if (charge === null) throw new InvoicingRefused('unknown-busNo', `busNo ${busNo} is unknown`);
    const bill = charge.liveBill === null ? null : this.queries.billByKey(charge.liveBill);
    return { bill, reason: charge.reason };
  }

  /** Refusals that need no record: the caller gets them before anything is written. */
  #checkBefore(content: BillContent, issueAt: IssueAt): void {
    const point = this.queries.managed(this.institution, 'point', content.pointCode);
    if (point === null) {
      throw new InvoicingRefused('unknown-point', `there is no issuing point ${content.pointCode}`);
    }
    if (!point.value.enabled) {
      throw new InvoicingRefused('point-disabled', `${content.pointCode} is disabled`);
    }
    const category = this.queries.managed(this.institution, 'category', content.busType);
    if (category === null || !category.value.enabled) {
      throw new InvoicingRefused('unknown-business-type', `busType ${content.busType} is unknown`);
    }
    // Of a channel that nobody knows, nobody knows either whether the journal has its money.
    for (const { code } of content.channels) {
      if (this.queries.managed(this.institution, 'channel', code)?.value.enabled) continue;
      throw new InvoicingRefused('unknown-channel', `channel ${code} is unknown or disabled`);
    }
    if (issueAt === 'now' && this.#isStockEmpty(content, category.value.billType)) {
      throw new InvoicingRefused('stock-empty', `${content.pointCode} has no numbers left`);
    }
  }

  /** No number at the point nor anywhere above it. */
  #isStockEmpty(content: BillContent, billType: string): boolean {
    const { queries, institution } = this;
    const unit = queries.managed(institution, 'unit', 'unit')?.value;
    const type = queries.managed(institution, 'billType', billType)?.value;
    if (unit === undefined || type === undefined || unit.numbers === 'per-request') return false;
    const billCode = billCodeOf(unit, type, this.#today());
    const holders = new Set<string>();
    let holder: string | undefined = content.pointCode;
    while (holder !== undefined && !holders.has(holder)) {
      holders.add(holder);
      const point: Managed['point'] | undefined = queries.managed(
        institution,
        'point',
        holder,
      )?.value;
      holder = point !== undefined && point.autoDistribute > 0 ? point.parent : undefined;
    }
    return !queries.holdings(institution).some((holding) => {
      const usable = holding.medium === 'electronic' && holding.billCode === billCode;
      return usable && holders.has(holding.holder) && holding.free.length > 0;
    });
  }

  /** yyyyMMdd on the institution's wall: the year's digits are part of the bill code. */
  #today(): string {
    const row = this.queries.institutions().find(({ id }) => id === this.institution);
    const { timeZone = 'Asia/Shanghai', cutOff = '23:59' } = row ?? {};
    const clock = new BusinessTime({ timeZone, cutOff });
    return clock.localDateTime(Date.now()).slice(0, 10).replaceAll('-', '');
  }
}
