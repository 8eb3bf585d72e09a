/** What the commands on files of persons share: reading them, with a progress bar. */
import { readFileSync } from 'node:fs';
import type { MatchModel } from '../../modules/empi/matching/model.ts';
import { checkModel } from '../../modules/empi/matching/model.ts';
import {
  type RecordFile,
  RecordFileError,
  readRecordFile,
} from '../../modules/empi/matching/record-file.ts';
import { type RecordTable, RecordTableBuilder } from '../../modules/empi/matching/store.ts';
import { printNote, UsageError } from '../command.ts';
import type { Progress } from './progress.ts';

export interface LoadedFiles {
  table: RecordTable;
  /** Names of all records, those of the second file behind those of the first. */
  recordIds: string[];
}

/** Reads one file, or two to be linked. Throws UsageError. */
export function loadFiles(paths: string[], progress: Progress): LoadedFiles {
  const builder = new RecordTableBuilder();
  const recordIds: string[] = [];
  const files: RecordFile[] = [];
  for (const [source, path] of paths.entries()) {
    try {
      const file = readRecordFile(path, builder, source, (done, of) =>
        progress.step(`reading ${path}`, done, of),
      );
      files.push(file);
      for (const id of file.recordIds) recordIds.push(id);
    } catch (error) {
      progress.stop();
      if (error instanceof RecordFileError) throw new UsageError(error.message);
      throw error;
    }
  }
  progress.stop();
  for (const { path, plan } of files) {
    if (plan.ignored.length > 0) {
      printNote(`posp: ${path}: not used: ${plan.ignored.join(', ')}`);
    }
  }
  return { table: builder.finish(), recordIds };
}

/** Reads a file that `posp empi train` wrote. Throws UsageError. */
export function loadModel(path: string): MatchModel {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the parameters in ${path}: ${(error as Error).message}`);
  }
  let model: unknown;
  try {
    model = JSON.parse(text);
  } catch {
    throw new UsageError(`cannot read the parameters in ${path}: it is not JSON`);
  }
  const fault = checkModel(model);
  if (fault !== null) throw new UsageError(`${path}: ${fault}`);
  return model as MatchModel;
}
