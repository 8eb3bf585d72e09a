/** Linkage of whole files: find who is the same person within one set of records, or across two. */
import { findBlocks } from './blocking.ts';
import { cluster, type LinkRefusal } from './cluster.ts';
import { DEFAULT_THRESHOLDS, type MatchModel } from './model.ts';
import { scorePairs } from './pair-scoring.ts';
import { agreementBits, logOddsOf, probabilityOf, Scorer } from './score.ts';
import type { RecordTable } from './store.ts';
import { train } from './train.ts';

export interface LinkOptions {
  /** Links from this probability on; the default is the threshold of automatic joining. */
  threshold?: number;
  /** Parameters that were learned before; left out, they are learned from these records. */
  model?: MatchModel;
  threads?: number;
  progress?: (step: 'blocks' | 'training' | 'scoring' | 'groups', done: number, of: number) => void;
}

export interface Link {
  a: number;
  b: number;
  probability: number;
}

export interface RefusedLink extends Link {
  why: LinkRefusal;
}

export interface LinkResult {
  links: Link[];
  refused: RefusedLink[];
  candidatePairs: number;
  model: MatchModel;
  /** By record: its group, the number of one of its members. */
  groups: Uint32Array;
}

/** How far below the threshold pairs are still scored exactly, in bits. */
const MARGIN_BITS = 3;

export async function linkRecords(
  table: RecordTable,
  options: LinkOptions = {},
): Promise<LinkResult> {
  const { progress } = options;
  const leastLogOdds = logOddsOf(options.threshold ?? DEFAULT_THRESHOLDS.auto);
  progress?.('blocks', 0, 1);
  const blocks = findBlocks(table);
  progress?.('blocks', 1, 1);
  const model =
    options.model ??
    train(table, blocks, { progress: (done, of) => progress?.('training', done, of) });
  const agreement = agreementBits(table);
  const pairs = await scorePairs(
    { table, blocks, model, agreement, leastLogOdds: leastLogOdds - MARGIN_BITS },
    {
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      progress: (done, of) => progress?.('scoring', done, of),
    },
  );
  const scorer = new Scorer(table, model, agreement);
  const links: Link[] = [];
  const refused: RefusedLink[] = [];
  const { sources } = table;
  progress?.('groups', 0, 1);
  const groups = cluster(table, pairs, {
    leastLogOdds,
    score: (a, b) => scorer.score(a, b),
    joined: (a, b, logOdds) => {
      if (sources !== null && sources[a] === sources[b]) return;
      links.push(orderedLink(a, b, logOdds));
    },
    refused: (a, b, logOdds, why) => refused.push({ ...orderedLink(a, b, logOdds), why }),
  });
  progress?.('groups', 1, 1);
  return { links, refused, candidatePairs: pairs.candidates, model, groups };
}

/** The record that came first stands first; of two files, the first file's. */
function orderedLink(a: number, b: number, logOdds: number): Link {
  const probability = probabilityOf(logOdds);
  return a < b ? { a, b, probability } : { a: b, b: a, probability };
}
