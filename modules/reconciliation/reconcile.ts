/**
 * Reconciles a bill with our side: reads both, matches them, reads again the texts of what differs.
 * Nothing is kept anywhere: what comes of the result is for the module to decide.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { type FoundDifference, Matcher, type MatchResult, zeroCounts } from './match/matcher.ts';
import { Workspace } from './match/record-set.ts';
import { type Block, FEE_UNKNOWN, RecordView, STATUS_NAMES } from './match/records.ts';
import { keyCount } from './reader/bill-details.ts';
import { openBill } from './reader/container.ts';
import { BillTexts, type LineTexts, ownTexts } from './reader/line-texts.ts';
import { OWN_KEYS } from './reader/own-reader.ts';
import { readBoth } from './reader/read-both.ts';
import type { SideFacts } from './reader/read-side.ts';
import { checkSummaryFile } from './reader/summary-file.ts';
import { dateText } from './reader/values.ts';
import type { Difference } from './record.ts';
import { type Reconciliation, runIdOf } from './result.ts';
import type { BillEncoding, BillSource } from './source.ts';

export interface ReconcileOptions {
  source: BillSource;
  /** The bill: plain, ZIP or GZIP. */
  file: string;
  /** Our side as NDJSON of common records. */
  against: string;
  /** YYYYMMDD as a number; 0 takes a bill of any date. */
  day: number;
  /** When the bill is not in the encoding of its format. */
  encoding?: BillEncoding;
  /** Records beyond this go to disk while they wait. */
  memoryBytes?: number;
  /** Share of the work that is done, 0 … 1. */
  progress?: (done: number) => void;
}

const DEFAULT_MEMORY_BYTES = 384 * 2 ** 20;
/** Reading is most of the work; the rest is matching. */
const READING_SHARE = 0.8;

/** Rejects with BillRefused when a file cannot be used. */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const { source, progress } = options;
  const bill = openBill(options.file, (name) => source.archive?.main.test(name) ?? true);
  const workspace = new Workspace(options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
  try {
    const oursView = new RecordView(OWN_KEYS);
    const theirsView = new RecordView(keyCount(source));
    const matcher = new Matcher(oursView, theirsView, source.rounds, workspace);
    const cancels: Block[] = [];
    const encoding = options.encoding ?? source.encoding;
    const ours = { side: 'ours', path: options.against, name: basename(options.against) } as const;
    const theirs = {
      side: 'theirs',
      ...pathAndName(bill),
      source,
      day: options.day,
      encoding,
    } as const;
    const facts = await readBoth([ours, theirs], {
      records: (side, block) => matcher[side].addBlock(block),
      cancels: (block) => cancels.push(block),
      progress: (read, total) => progress?.((read / Math.max(total, 1)) * READING_SHARE),
    });
    const [oursFacts, theirsFacts] = bothFacts(facts);
    const summary = source.archive?.summary;
    const summaryFile = bill.others.find(({ name }) => summary?.name.test(name));
    if (summary !== undefined && summaryFile !== undefined) {
      checkSummaryFile(source, summary, summaryFile, theirsFacts.bill);
    }
    const found = matcher.run(joined(cancels), theirsFacts.bill.feesKnown);
    const texts = new BillTexts(source, encoding, theirsFacts.bill.titles);
    const described = describe(found.differences, ours.path, theirs.path, texts);
    progress?.(1);
    return {
      ...document(options, found, described.differences, oursFacts, theirsFacts),
      lines: described.lines,
      spilled: workspace.spilled,
    };
  } finally {
    workspace.close();
    bill.close();
  }
}

type OursFacts = Extract<SideFacts, { side: 'ours' }>;
type TheirsFacts = Extract<SideFacts, { side: 'theirs' }>;

function bothFacts(facts: readonly SideFacts[]): [OursFacts, TheirsFacts] {
  return [
    facts.find((side): side is OursFacts => side.side === 'ours')!,
    facts.find((side): side is TheirsFacts => side.side === 'theirs')!,
  ];
}

function pathAndName({ path, name }: { path: string; name: string }) {
  return { path, name };
}

function joined(blocks: readonly Block[]): Int32Array {
  const words = new Int32Array(blocks.reduce((sum, block) => sum + block.words.length, 0));
  let at = 0;
  for (const block of blocks) {
    words.set(block.words, at);
    at += block.words.length;
  }
  return words;
}

function document(
  { source, day }: ReconcileOptions,
  found: MatchResult,
  differences: Difference[],
  { own, file: oursFile }: OursFacts,
  { bill, file: theirsFile }: TheirsFacts,
): Pick<Reconciliation, 'result' | 'runId' | 'files'> {
  const counts = zeroCounts();
  for (const { code } of differences) counts[code]++;
  const oursNet = own.payFen - own.refundFen;
  const theirsNet = bill.payFen - bill.refundFen;
  const date = day === 0 ? null : dateText(day);
  const { payFen, refundFen, feeFen, ignored, cancels } = bill;
  const result = {
    source: source.name,
    date,
    matched: found.matched,
    differences,
    counts,
    totals: {
      ours: {
        ...found.ours,
        payFen: own.payFen,
        refundFen: own.refundFen,
        feeFen: own.feeFen,
        netFen: oursNet,
      },
      theirs: {
        ...found.theirs,
        payFen,
        refundFen,
        feeFen,
        netFen: theirsNet,
        cancellations: cancels,
        ignored,
      },
      matchedPayFen: found.matchedPayFen,
      matchedRefundFen: found.matchedRefundFen,
      netDifferenceFen: theirsNet - oursNet,
    },
  };
  const files = { ours: oursFile, theirs: theirsFile };
  return { result, runId: runIdOf(source.name, date, files), files };
}

/** Reads the lines of the differences again, and orders them by what they are about. */
function describe(
  found: readonly FoundDifference[],
  oursPath: string,
  theirsPath: string,
  texts: BillTexts,
): { differences: Difference[]; lines: { ours: number; theirs: number }[] } {
  const ours = openSync(oursPath, 'r');
  const theirs = openSync(theirsPath, 'r');
  try {
    const rows = found.map((difference) => {
      const { ours: our, theirs: their } = difference;
      const type = (our ?? their)!.isRefund ? ('refund' as const) : ('pay' as const);
      const ourTexts = our && ownTexts(lineAt(ours, our));
      const theirTexts = their && texts.of(lineAt(theirs, their), type);
      return {
        difference: shown(difference, type, ourTexts, theirTexts),
        lines: { ours: our?.line ?? 0, theirs: their?.line ?? 0 },
      };
    });
    rows.sort((a, b) => compare(sortKey(a.difference), sortKey(b.difference)));
    return {
      differences: rows.map(({ difference }) => difference),
      lines: rows.map(({ lines }) => lines),
    };
  } finally {
    closeSync(ours);
    closeSync(theirs);
  }
}

function lineAt(
  descriptor: number,
  { offset, length }: { offset: number; length: number },
): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, offset);
  return bytes;
}

function shown(
  { code, ours, theirs }: FoundDifference,
  type: Difference['type'],
  ourTexts: LineTexts | null,
  theirTexts: LineTexts | null,
): Difference {
  const { orderId, ...texts } = { ...theirTexts, ...ourTexts } as LineTexts;
  const fee = (side: 'ours' | 'theirs', value: number | undefined): Partial<Difference> =>
    value === undefined || value === FEE_UNKNOWN ? {} : { [`${side}FeeFen`]: value };
  return {
    code,
    type,
    orderId: orderId || theirTexts?.orderId || '',
    ...texts,
    oursFen: ours?.amountFen ?? null,
    theirsFen: theirs?.amountFen ?? null,
    ...fee('ours', ours?.feeFen),
    ...fee('theirs', theirs?.feeFen),
    ...(ours === null ? {} : { oursStatus: STATUS_NAMES[ours.status] ?? '' }),
    ...(theirs === null ? {} : { theirsStatus: STATUS_NAMES[theirs.status] ?? '' }),
  };
}

function sortKey(difference: Difference): string {
  const { orderId, refundId, code, type, oursFen, theirsFen, channelId, occurredAt } = difference;
  return [orderId, refundId, type, code, oursFen, theirsFen, channelId, occurredAt].join('\0');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
