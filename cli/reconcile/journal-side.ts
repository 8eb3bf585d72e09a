/** Our side for `posp reconcile --against journal`: the day's records, written to a temporary file. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReader } from '../../ledger/reader.ts';
import { isBusinessDay, writeJournalSide } from '../../modules/reconciliation/journal-side.ts';
import { UsageError } from '../command.ts';
import { ledgerPlace } from '../ledger/options.ts';

export async function journalSide(options: {
  data: string;
  source: string;
  /** YYYYMMDD. */
  date: string;
  institution?: string;
  channel?: string;
  merchant?: string;
}): Promise<{ path: string; close: () => void }> {
  const { dataDir, encryptionKey } = await ledgerPlace({ data: options.data });
  if (!existsSync(dataDir)) throw new UsageError(`there is no ledger in ${options.data}`);
  const reader = openReader(dataDir, { encryptionKey });
  const folder = mkdtempSync(join(tmpdir(), 'posp-ours-'));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const institutions = [...reader.registry.list('institution')].map(({ value }) => value);
    const chosen = institutions.filter(
      ({ id }) => options.institution === undefined || id === options.institution,
    );
    const institution = chosen[0];
    if (institution === undefined || chosen.length > 1) {
      const ids = institutions.map(({ id }) => id).join(', ') || 'none';
      throw new UsageError(`say which institution with --institution; there are: ${ids}`);
    }
    if (!isBusinessDay(institution.id, options.date, reader)) {
      throw new UsageError(`${institution.id} has no business day ${options.date}`);
    }
    const path = join(folder, `journal-${options.date}.ndjson`);
    const { source, date, channel, merchant } = options;
    if (merchant !== undefined && reader.registry.get('merchant', merchant) === null) {
      throw new UsageError(`there is no merchant ${merchant}`);
    }
    const only = { ...(channel ? { channel } : {}), ...(merchant ? { merchant } : {}) };
    writeJournalSide(path, { reader, institution, date, source, ...only });
    return { path, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    await reader.close();
  }
}
