/**
 * Where an SM4 PIN block travels. Field 52 has 8 bytes and the block 16, so acquirers found places of
 * their own: usually field 52 is eight zero bytes and the block is elsewhere. docs/switch.md says how
 * sure each row is.
 */
import type { ListenerConfig } from '../../config/schema.ts';
import type { Message } from '../../protocols/iso8583/message.ts';

/** `any` takes the block from whichever of the other places holds one; field 52 needs a dialect of its own. */
export type Sm4PinCarrier = ListenerConfig['sm4PinCarrier'];

const BLOCK_BYTES = 16;

/** The 16 bytes behind one of these beginnings, which the value must not be longer than. */
interface Place {
  field: number;
  beginnings: readonly Buffer[];
}

/** `SM` and the length as three digits. */
const SM_TAG = Buffer.from('SM016', 'latin1');
/** The length as two bytes, alone or behind the usage number 22, packed or as text. */
const LENGTH = Buffer.from('0010', 'hex');
const LENGTH_OF_USAGE_22 = [LENGTH, Buffer.from('220010', 'hex'), Buffer.from('32320010', 'hex')];

// biome-ignore format: a table, one place a line.
const PLACES: Record<Exclude<Sm4PinCarrier, 'any' | 'none'>, Place> = {
  'field52':        { field: 52, beginnings: [Buffer.alloc(0)] },
  'field62-length': { field: 62, beginnings: LENGTH_OF_USAGE_22 },
  'field62-sm':     { field: 62, beginnings: [SM_TAG] },
  'field63-sm':     { field: 63, beginnings: [SM_TAG] },
};

const ANY = [PLACES['field62-length'], PLACES['field62-sm'], PLACES['field63-sm']];

/** The PIN block of 16 bytes; undefined when the place of this carrier holds none. */
export function sm4PinBlock(message: Message, carrier: Sm4PinCarrier): Buffer | undefined {
  if (carrier === 'none') return undefined;
  for (const { field, beginnings } of carrier === 'any' ? ANY : [PLACES[carrier]]) {
    const value = message.bytes(field);
    if (value === undefined) continue;
    const block = blockBehind(Buffer.from(value), beginnings) ?? blockInHex(value, beginnings);
    if (block !== undefined) return block;
  }
  return undefined;
}

function blockBehind(value: Buffer, beginnings: readonly Buffer[]): Buffer | undefined {
  const beginning = beginnings.find(
    (start) =>
      value.length === start.length + BLOCK_BYTES && value.subarray(0, start.length).equals(start),
  );
  return beginning === undefined ? undefined : value.subarray(beginning.length);
}

/** Some hosts are sent the same bytes as hexadecimal characters. */
function blockInHex(value: Uint8Array, beginnings: readonly Buffer[]): Buffer | undefined {
  const text = Buffer.from(value).toString('latin1');
  if (!/^([0-9A-Fa-f]{2})+$/.test(text)) return undefined;
  return blockBehind(Buffer.from(text, 'hex'), beginnings);
}
