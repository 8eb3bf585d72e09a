/** Why the ledger cannot do what was asked, other than by refusing an entry. */
export type LedgerErrorCode =
  /** Another process writes to the data folder. */
  | 'folder_in_use'
  /** The data folder was written by a newer posp. */
  | 'schema_newer'
  /** The key does not open the data folder, or it is not encrypted, or no key was given. */
  | 'wrong_key'
  /** There is no ledger in the folder. */
  | 'not_found'
  /** A record is not what was written: the chain's hash does not fit. */
  | 'journal_damaged'
  /** No room for another record. */
  | 'disk_full'
  /** The disk or LMDB failed in another way. */
  | 'storage_failed'
  /** Another writer took the data folder over. */
  | 'writer_fenced'
  /** The writer's thread ended; what was submitted may or may not be in the journal. */
  | 'writer_stopped'
  /** The target of an import or a restore is not empty. */
  | 'not_empty'
  /** A request ends with a transfer that is linked with a next one. */
  | 'linked_event_chain_open'
  /** An export, a backup or a seal that cannot be read. */
  | 'bad_input';

/** The code for programs, the message a sentence for people that names the folder or position. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
