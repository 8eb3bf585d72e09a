/**
 * E-purse data in field 55 of terminal messages. The dialect carries the chip's data there without
 * saying how; these private tags are ours. Numbers are big-endian, amounts binary fen, as on the card.
 */
import { encodeTlv, parseTlv } from '../emv/tlv.ts';
import { ProtocolError } from '../error.ts';

/** What a terminal knows of a transaction with a chip. Parts that were not sent are undefined. */
export interface PurseData {
  /** Application serial number, 20 digits. */
  serial?: string | undefined;
  /** Transaction type, see PURSE_TYPES. */
  type?: number | undefined;
  keyVersion?: number | undefined;
  algorithm?: number | undefined;
  /** 4 bytes. */
  random?: Uint8Array | undefined;
  onlineSequence?: number | undefined;
  offlineSequence?: number | undefined;
  /** Before the transaction. */
  balanceFen?: number | undefined;
  /** Terminal id of the PSAM, 12 digits. */
  terminal?: string | undefined;
  terminalSequence?: number | undefined;
  /** YYYYMMDD and hhmmss. */
  date?: string | undefined;
  time?: string | undefined;
  mac1?: Uint8Array | undefined;
  mac2?: Uint8Array | undefined;
  /** TAC of loads and purchases, MAC3 of an unload: the card's proof that it has happened. */
  proof?: Uint8Array | undefined;
}

type Form = 'digits' | 'number' | 'bytes';

interface Row {
  name: keyof PurseData;
  bytes: number;
  form: Form;
}

const TAGS: Readonly<Record<string, Row>> = {
  DF41: { name: 'serial', bytes: 10, form: 'digits' },
  DF42: { name: 'type', bytes: 1, form: 'number' },
  DF43: { name: 'keyVersion', bytes: 1, form: 'number' },
  DF44: { name: 'algorithm', bytes: 1, form: 'number' },
  DF45: { name: 'random', bytes: 4, form: 'bytes' },
  DF46: { name: 'onlineSequence', bytes: 2, form: 'number' },
  DF47: { name: 'offlineSequence', bytes: 2, form: 'number' },
  DF48: { name: 'balanceFen', bytes: 4, form: 'number' },
  DF49: { name: 'terminal', bytes: 6, form: 'digits' },
  DF4A: { name: 'terminalSequence', bytes: 4, form: 'number' },
  DF4B: { name: 'date', bytes: 4, form: 'digits' },
  DF4C: { name: 'time', bytes: 3, form: 'digits' },
  DF4D: { name: 'mac1', bytes: 4, form: 'bytes' },
  DF4E: { name: 'mac2', bytes: 4, form: 'bytes' },
  DF4F: { name: 'proof', bytes: 4, form: 'bytes' },
};

/** Reads field 55; tags of others are passed over. Throws ProtocolError `bad-tlv` or `bad-length`. */
export function parsePurseData(field55: Uint8Array): PurseData {
  const data: Record<string, unknown> = {};
  for (const { tag, value } of parseTlv(field55)) {
    const row = TAGS[tag];
    if (row === undefined) continue;
    if (value.length !== row.bytes) {
      throw new ProtocolError('bad-length', `${tag} has ${row.bytes} bytes, not ${value.length}`);
    }
    data[row.name] = read(row, Buffer.from(value));
  }
  return data as PurseData;
}

/** Builds field 55. Throws ProtocolError `bad-value`. */
export function formatPurseData(data: PurseData): Buffer {
  return encodeTlv(
    Object.entries(TAGS).flatMap(([tag, row]) => {
      const value = data[row.name];
      return value === undefined ? [] : [{ tag, value: write(row, value) }];
    }),
  );
}

/** One line of a batch of offline payments (field 62 of an upload), 44 bytes. */
const RECORD: readonly (Row & { name: RecordPart })[] = [
  { name: 'serial', bytes: 10, form: 'digits' },
  { name: 'type', bytes: 1, form: 'number' },
  { name: 'keyVersion', bytes: 1, form: 'number' },
  { name: 'offlineSequence', bytes: 2, form: 'number' },
  { name: 'balanceFen', bytes: 4, form: 'number' },
  { name: 'terminal', bytes: 6, form: 'digits' },
  { name: 'terminalSequence', bytes: 4, form: 'number' },
  { name: 'date', bytes: 4, form: 'digits' },
  { name: 'time', bytes: 3, form: 'digits' },
  { name: 'proof', bytes: 4, form: 'bytes' },
];
const AMOUNT_BYTES = 4;

export const PURSE_RECORD_BYTES = RECORD.reduce((sum, { bytes }) => sum + bytes, 0) + AMOUNT_BYTES;

type RecordPart =
  | 'serial'
  | 'type'
  | 'keyVersion'
  | 'offlineSequence'
  | 'balanceFen'
  | 'terminal'
  | 'terminalSequence'
  | 'date'
  | 'time'
  | 'proof';

/** One offline payment as it is uploaded. */
export type PurseRecord = { [Part in RecordPart]: NonNullable<PurseData[Part]> } & {
  amountFen: number;
};

/** The records of a batch; null when the bytes are no whole number of them. */
export function parsePurseRecords(bytes: Uint8Array): PurseRecord[] | null {
  if (bytes.length === 0 || bytes.length % PURSE_RECORD_BYTES !== 0) return null;
  const records: PurseRecord[] = [];
  for (let start = 0; start < bytes.length; start += PURSE_RECORD_BYTES) {
    const record: Record<string, unknown> = {};
    let at = start;
    for (const row of RECORD) {
      record[row.name] = read(row, Buffer.from(bytes.subarray(at, at + row.bytes)));
      at += row.bytes;
    }
    record['amountFen'] = Buffer.from(bytes.subarray(at, at + AMOUNT_BYTES)).readUInt32BE();
    records.push(record as unknown as PurseRecord);
  }
  return records;
}

export function formatPurseRecord(record: PurseRecord): Buffer {
  const amount = Buffer.alloc(AMOUNT_BYTES);
  amount.writeUInt32BE(record.amountFen);
  return Buffer.concat([...RECORD.map((row) => write(row, record[row.name])), amount]);
}

function read({ form, bytes }: Row, value: Buffer): string | number | Uint8Array {
  if (form === 'digits') return value.toString('hex');
  return form === 'number' ? value.readUIntBE(0, bytes) : value;
}

function write({ name, form, bytes }: Row, value: string | number | Uint8Array): Uint8Array {
  const written = form === 'number' ? numberBytes(value as number, bytes) : value;
  const raw = typeof written === 'string' ? Buffer.from(written, 'hex') : written;
  if (!(raw instanceof Uint8Array) || raw.length !== bytes) {
    throw new ProtocolError('bad-value', `${name} has not ${bytes} bytes`);
  }
  return raw;
}

function numberBytes(value: number, bytes: number): Buffer {
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** bytes) {
    throw new ProtocolError('bad-value', `${value} does not fit ${bytes} bytes`);
  }
  const target = Buffer.alloc(bytes);
  target.writeUIntBE(value, 0, bytes);
  return target;
}
