/** Clearing a business date on behalf of a person: which institution, which day, and closing it first. */
import type { Hsm } from '../../hsm/types.ts';
import { businessDayRange, closeBusinessDay, dayBefore } from '../../ledger/business-day.ts';
import { BusinessTime, nextBusinessDate } from '../../ledger/business-time.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Institution } from '../../ledger/registry-kinds.ts';
import { institutionFolder } from '../../modules/clearing/folder.ts';
import { type ClearingResult, runClearing } from '../../modules/clearing/run.ts';
import type { Logger } from '../../switch/log.ts';

/** A day that cannot be cleared: one sentence for the person who asked. */
export class ClearingRefused extends Error {
  override readonly name = 'ClearingRefused';
}

export interface ClearDayResult extends ClearingResult {
  /** Set when the day was still open and was closed by this call. */
  closedAtPosition?: number;
}

export interface ClearDayParts {
  reader: Reader;
  ledger: LedgerClient;
  hsm: Hsm;
}

/** Done once after a day was closed by hand, e.g. sealing it. */
export type DayClosed = (institution: string, date: string) => Promise<unknown>;

/**
 * Clears the date (YYYYMMDD or YYYY-MM-DD). A day that is still open is closed first: what comes from
 * then on belongs to the next one, which has to begin by the clock before it can be closed in turn.
 * Without a date: the day whose cut-off has passed and that nobody has closed, else the last closed day
 * again, so that saying it twice clears one day. Where no day was ever closed it is the current one.
 */
export async function clearDay(
  directory: string,
  { reader, ledger, hsm }: ClearDayParts,
  wanted: { date?: unknown; institution?: unknown },
  dayClosed: DayClosed,
): Promise<ClearDayResult> {
  const institution = theInstitution(reader, wanted.institution);
  const time = new BusinessTime(institution);
  const now = Date.now();
  const current = reader.head().businessDates[institution.id] ?? '';
  const isOver = now >= time.cutOffOf(current);
  const date =
    readDate(wanted.date) ??
    (isOver ? current : (dayBefore(institution.id, current, reader) ?? current));
  let closedAtPosition: number | undefined;
  if (date === current) {
    mustHaveBegun(institution, date, time.businessDateAt(now));
    const next = isOver ? time.businessDateAt(now) : nextBusinessDate(date);
    closedAtPosition = await closeBusinessDay(institution.id, date, next, ledger);
    await dayClosed(institution.id, date);
  }
  const range = businessDayRange(institution.id, date, reader);
  if (range === null) {
    throw new ClearingRefused(
      `${institution.id} has no business day ${date}; the current one is ${current}`,
    );
  }
  const place = institutionFolder(directory, institution.id, reader.registry);
  const parts = { institution, date, range, reader, ledger, hsm, directory: place };
  const result = await runClearing(parts);
  return closedAtPosition === undefined ? result : { ...result, closedAtPosition };
}

/** Clears a day that its cut-off has closed. What goes wrong is said; payments go on. */
export function clearedAtCutOff(
  directory: string,
  parts: ClearDayParts,
  seal: DayClosed,
  log: Logger,
): DayClosed {
  return async (institution, date) => {
    try {
      const { differences } = await clearDay(directory, parts, { date, institution }, seal);
      if (differences.length === 0) log.info({ institution, date }, 'business day cleared');
      else log.error({ institution, date, differences }, 'clearing files were not released');
    } catch (error) {
      // It can be cleared by hand when the reason is gone.
      log.error({ institution, date, err: error }, 'the business day could not be cleared');
    }
  };
}

function mustHaveBegun({ id, cutOff }: Institution, date: string, today: string): void {
  if (date <= today) return;
  throw new ClearingRefused(
    `business day ${date} of ${id} has not begun: it is ${today} until the cut-off at ${cutOff}`,
  );
}

function theInstitution(reader: Reader, wanted: unknown) {
  const all = [...reader.registry.list('institution')].map(({ value }) => value);
  const chosen = wanted === undefined ? all : all.filter(({ id }) => id === wanted);
  if (chosen.length === 1) return chosen[0]!;
  const ids = all.map(({ id }) => id).join(', ') || 'none';
  throw new ClearingRefused(`say which institution with --institution; there are: ${ids}`);
}

function readDate(date: unknown): string | undefined {
  if (date === undefined || date === null) return undefined;
  const compact = String(date).replaceAll('-', '');
  if (!/^\d{8}$/.test(compact)) throw new ClearingRefused(`${date} is not a date (YYYY-MM-DD)`);
  return compact;
}
