/** The rounds of matching: what one key does not bring together, the next one may. */
import assert from 'node:assert/strict';
import { DIFFERENCE_CODES, type DifferenceCode } from '../record.ts';
import type { KeyRound } from '../source.ts';
import { applyCancels } from './cancels.ts';
import { type JoinSide, join } from './join.ts';
import { type KeyPick, RecordSet, type Workspace } from './record-set.ts';
import { KEY_WORDS, type RecordView, TYPE } from './records.ts';
import { lonelyVerdict, pairUp, type Side, verdictOf } from './verdict.ts';

/** Where a record's line stands, and what was compared. */
export interface Found {
  offset: number;
  length: number;
  line: number;
  amountFen: number;
  feeFen: number;
  status: number;
  isRefund: boolean;
}

export interface FoundDifference {
  code: DifferenceCode;
  ours: Found | null;
  theirs: Found | null;
}

export interface Tally {
  lines: number;
  matched: number;
  differences: number;
  /** Lines of failed, open or undone events that the other side has no money for either. */
  withoutMoney: number;
}

export interface MatchResult {
  matched: number;
  matchedPayFen: number;
  matchedRefundFen: number;
  differences: FoundDifference[];
  ours: Tally;
  theirs: Tally;
}

interface PlannedRound {
  ours: number;
  theirs: number;
  /** Weak keys count only where one side has no key 0. */
  onlyWithoutId?: 'ours' | 'theirs';
}

const NO_ROUND: PlannedRound = { ours: 0, theirs: 0 };

export function plannedRounds(rounds: readonly KeyRound[]): PlannedRound[] {
  return rounds.flatMap(({ ours, theirs, weak }): PlannedRound[] =>
    weak === true
      ? [
          { ours, theirs, onlyWithoutId: 'theirs' },
          { ours, theirs, onlyWithoutId: 'ours' },
        ]
      : [{ ours, theirs }],
  );
}

export class Matcher {
  private readonly oursView: RecordView;
  private readonly theirsView: RecordView;
  private readonly rounds: readonly PlannedRound[];
  private readonly workspace: Workspace;
  private readonly result: MatchResult = {
    matched: 0,
    matchedPayFen: 0,
    matchedRefundFen: 0,
    differences: [],
    ours: { lines: 0, matched: 0, differences: 0, withoutMoney: 0 },
    theirs: { lines: 0, matched: 0, differences: 0, withoutMoney: 0 },
  };
  private fees = true;
  ours: RecordSet;
  theirs: RecordSet;

  constructor(
    oursView: RecordView,
    theirsView: RecordView,
    rounds: readonly KeyRound[],
    workspace: Workspace,
  ) {
    this.oursView = oursView;
    this.theirsView = theirsView;
    this.rounds = plannedRounds(rounds);
    this.workspace = workspace;
    [this.ours, this.theirs] = this.sets(0);
  }

  /** Matches what was added to `ours` and `theirs`. */
  run(cancels: Int32Array, fees: boolean): MatchResult {
    this.fees = fees;
    applyCancels(cancels, this.theirs, this.theirsView);
    this.result.ours.lines = this.ours.count;
    this.result.theirs.lines = this.theirs.count;
    for (let number = 0; number < this.rounds.length; number++) this.round(number);
    this.lastRound();
    for (const { lines, matched, differences, withoutMoney } of [
      this.result.ours,
      this.result.theirs,
    ]) {
      assert.equal(matched + differences + withoutMoney, lines, 'no line is lost');
    }
    return this.result;
  }

  private sets(number: number): [RecordSet, RecordSet] {
    const round = this.rounds[number];
    return [
      new RecordSet(this.oursView, this.pickOf('ours', round), this.workspace),
      new RecordSet(this.theirsView, this.pickOf('theirs', round), this.workspace),
    ];
  }

  /** The key of a round; behind the last one the first key that a record has. */
  private pickOf(side: 'ours' | 'theirs', round: PlannedRound | undefined): KeyPick {
    const view = side === 'ours' ? this.oursView : this.theirsView;
    if (round === undefined) {
      return (words, at) => {
        for (let key = 0; key < view.keys; key++) if (view.hasKey(words, at, key)) return key;
        return -1;
      };
    }
    const key = round[side];
    const strict = round.onlyWithoutId === side;
    return (words, at) =>
      view.hasKey(words, at, key) && !(strict && view.hasKey(words, at, 0)) ? key : -1;
  }

  private round(number: number): void {
    const { ours, theirs } = this;
    const [nextOurs, nextTheirs] = this.sets(number + 1);
    this.ours = nextOurs;
    this.theirs = nextTheirs;
    if (ours.onDisk || theirs.onDisk) {
      ours.spill();
      theirs.spill();
    }
    const round = this.rounds[number] ?? NO_ROUND;
    for (let part = 0; part < ours.parts; part++) {
      this.joinPart(ours.take(part), theirs.take(part), round);
    }
    nextOurs.closeOpen();
    nextTheirs.closeOpen();
  }

  private joinPart(oursWords: Int32Array, theirsWords: Int32Array, round: PlannedRound): void {
    const ours: Side & JoinSide = this.side('ours', oursWords, round);
    const theirs: Side & JoinSide = this.side('theirs', theirsWords, round);
    join(ours, theirs, {
      group: (oursPlaces, theirsPlaces) => {
        if (oursPlaces.length === 1 && theirsPlaces.length === 1) {
          this.pair(ours, oursPlaces[0]!, theirs, theirsPlaces[0]!);
          return;
        }
        pairUp(
          ours,
          oursPlaces,
          theirs,
          theirsPlaces,
          (our, their) => this.pair(ours, our, theirs, their),
          (side, at) => this.extra(side, side === 'ours' ? ours : theirs, at),
        );
      },
      alone: (side, at) => {
        if (side === 'ours') this.ours.add(oursWords, at);
        else this.theirs.add(theirsWords, at);
      },
    });
  }

  private side(
    name: 'ours' | 'theirs',
    words: Int32Array,
    round: PlannedRound | undefined,
  ): Side & JoinSide {
    const view = name === 'ours' ? this.oursView : this.theirsView;
    return { view, words, stride: view.stride, pick: this.pickOf(name, round) };
  }

  private pair(ours: Side, oursAt: number, theirs: Side, theirsAt: number): void {
    const { result } = this;
    const verdict = verdictOf(ours, oursAt, theirs, theirsAt, this.fees);
    if (verdict === 'MATCHED') {
      const amountFen = ours.view.amountFen(ours.words, oursAt);
      const isRefund = ours.view.type(ours.words, oursAt) === TYPE.refund;
      result.matched++;
      result.ours.matched++;
      result.theirs.matched++;
      if (isRefund) result.matchedRefundFen += amountFen;
      else result.matchedPayFen += amountFen;
    } else if (verdict === 'agreed') {
      result.ours.withoutMoney++;
      result.theirs.withoutMoney++;
    } else {
      result.ours.differences++;
      result.theirs.differences++;
      this.differ(verdict, found(ours, oursAt), found(theirs, theirsAt));
    }
  }

  /** One more record for a key that is already paired. */
  private extra(name: 'ours' | 'theirs', side: Side, at: number): void {
    const verdict = lonelyVerdict(name, side, at);
    this.lonely(name, verdict === 'CH_ONLY' ? 'DUP' : verdict, side, at);
  }

  private lonely(
    name: 'ours' | 'theirs',
    verdict: DifferenceCode | null,
    side: Side,
    at: number,
  ): void {
    const tally = this.result[name];
    if (verdict === null) {
      tally.withoutMoney++;
      return;
    }
    tally.differences++;
    const record = found(side, at);
    this.differ(verdict, name === 'ours' ? record : null, name === 'theirs' ? record : null);
  }

  private differ(code: DifferenceCode, ours: Found | null, theirs: Found | null): void {
    this.result.differences.push({ code, ours, theirs });
  }

  /** What no key brought together: of several lines of one order only the first is new to us. */
  private lastRound(): void {
    const { ours, theirs } = this;
    for (let part = 0; part < ours.parts; part++) {
      const words = ours.take(part);
      const side = this.side('ours', words, undefined);
      for (let at = 0; at < words.length; at += side.stride) {
        this.lonely('ours', lonelyVerdict('ours', side, at), side, at);
      }
    }
    for (let part = 0; part < theirs.parts; part++) {
      this.groupLonely(this.side('theirs', theirs.take(part), undefined));
    }
  }

  private groupLonely(side: Side & JoinSide): void {
    const { words } = side;
    const first = new Set<string>();
    const places = Array.from(
      { length: words.length / side.stride },
      (_, row) => row * side.stride,
    );
    const ordered = places.sort(
      (a, b) =>
        side.view.status(words, a) - side.view.status(words, b) ||
        side.view.amountFen(words, a) - side.view.amountFen(words, b),
    );
    for (const at of ordered) {
      const verdict = lonelyVerdict('theirs', side, at);
      const key = side.pick(words, at);
      const place = at + key * KEY_WORDS;
      const name = `${words[place]},${words[place + 1]},${words[place + 2]}`;
      const again = verdict === 'CH_ONLY' && key >= 0 && first.has(name);
      if (verdict === 'CH_ONLY' && key >= 0) first.add(name);
      this.lonely('theirs', again ? 'DUP' : verdict, side, at);
    }
  }
}

function found({ view, words }: Side, at: number): Found {
  return {
    offset: view.offset(words, at),
    length: view.length(words, at),
    line: view.line(words, at),
    amountFen: view.amountFen(words, at),
    feeFen: view.feeFen(words, at),
    status: view.status(words, at),
    isRefund: view.type(words, at) === TYPE.refund,
  };
}

/** All codes with zero. */
export function zeroCounts(): Record<DifferenceCode, number> {
  return Object.fromEntries(DIFFERENCE_CODES.map((code) => [code, 0])) as Record<
    DifferenceCode,
    number
  >;
}
