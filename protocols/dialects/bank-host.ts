/**
 * What posp and a bank host say to each other around the data elements of ISO 8583:1987: network
 * management codes, working keys in field 48, the original of a reversal in field 90.
 *
 * Banks differ in these; they are kept in one place so that a bank that differs is another table,
 * not another code path.
 */
import { ProtocolError } from '../error.ts';

/** Field 70 of 0800 and 0810. */
export const NETWORK_CODE = {
  signOn: '001',
  signOff: '002',
  keyChange: '101',
  echo: '301',
} as const;

/** One working key as field 48 carries it: 32 hex digits under the ZMK, 8 of the check value. */
export interface ZoneKey {
  cryptogram: Uint8Array;
  checkValue: string;
}

export interface ZoneKeys {
  /** ZPK: PIN blocks. */
  pin: ZoneKey;
  /** ZAK: MACs. */
  mac: ZoneKey;
}

const KEY_DIGITS = 32;
const CHECK_DIGITS = 8;
const ZONE_KEYS_DIGITS = 2 * (KEY_DIGITS + CHECK_DIGITS);

/** Field 48 of a sign-on answer or a key change: ZPK, its check value, ZAK, its check value. */
export const field48ZoneKeys = {
  /** Throws ProtocolError `bad-value`. */
  parse(text: string): ZoneKeys {
    if (text.length !== ZONE_KEYS_DIGITS || !/^[0-9A-Fa-f]+$/.test(text)) {
      throw new ProtocolError('bad-value', `zone keys have ${ZONE_KEYS_DIGITS} hex digits`, {
        field: 48,
      });
    }
    return { pin: keyAt(text, 0), mac: keyAt(text, KEY_DIGITS + CHECK_DIGITS) };
  },
  format({ pin, mac }: ZoneKeys): string {
    return textOf(pin) + textOf(mac);
  },
};

function keyAt(text: string, start: number): ZoneKey {
  const end = start + KEY_DIGITS;
  return {
    cryptogram: new Uint8Array(Buffer.from(text.slice(start, end), 'hex')),
    checkValue: text.slice(end, end + CHECK_DIGITS).toUpperCase(),
  };
}

function textOf({ cryptogram, checkValue }: ZoneKey): string {
  return Buffer.from(cryptogram).toString('hex').toUpperCase() + checkValue;
}

/** The message that field 90 names. */
export interface OriginalData {
  messageType: string;
  traceNumber: string;
  /** Field 7 of the original, MMDDhhmmss. */
  transmitted: string;
  acquirer: string;
}

/** Field 90: type 4, trace 6, transmission 10, acquirer 11, forwarder 11 (zeros). */
export const field90Original = {
  /** Throws ProtocolError `bad-value`. */
  parse(text: string): OriginalData {
    if (text.length !== 42) {
      throw new ProtocolError('bad-value', 'original data have 42 digits', { field: 90 });
    }
    return {
      messageType: text.slice(0, 4),
      traceNumber: text.slice(4, 10),
      transmitted: text.slice(10, 20),
      acquirer: String(Number(text.slice(20, 31))),
    };
  },
  format({ messageType, traceNumber, transmitted, acquirer }: OriginalData): string {
    return messageType + traceNumber + transmitted + acquirer.padStart(11, '0') + '0'.repeat(11);
  },
};

/** The MAC goes into the last field of the bitmap in use: 64, or 128 when a field above 64 is there. */
export function macFieldOf(fields: Iterable<number>): 64 | 128 {
  for (const field of fields) if (field > 64) return 128;
  return 64;
}
