/** Network management with a host: what our messages carry, and what we answer to the host's own. */
import { HsmError } from '../../hsm/errors.ts';
import { NETWORK_CODE } from '../../protocols/dialects/bank-host.ts';
import { ProtocolError } from '../../protocols/error.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { HostFields } from './host-fields.ts';
import type { HostKeys } from './host-keys.ts';

/** 0800 with field 70; numbered by itself, because it belongs to no transaction. */
export function networkFields(code: string, trace: number, now: Date): HostFields {
  const text = now.toISOString();
  const date = text.slice(5, 7) + text.slice(8, 10);
  const time = text.slice(11, 13) + text.slice(14, 16) + text.slice(17, 19);
  return { 7: date + time, 11: String(trace).padStart(6, '0'), 70: code };
}

/** The fields of the answer to a network message of the host; null for what gets none. */
export async function answerKeyChange(
  message: Message,
  keys: HostKeys,
): Promise<HostFields | null> {
  if (message.mti !== '0800') return null;
  const code = message.get(70) ?? '';
  const fields: HostFields = { 39: '00', 70: code };
  for (const field of [7, 11] as const) {
    const value = message.get(field);
    if (value !== undefined) fields[field] = value;
  }
  if (code === NETWORK_CODE.keyChange) {
    try {
      await keys.take(message.get(48) ?? '');
    } catch (error) {
      if (!(error instanceof ProtocolError) && !(error instanceof HsmError)) throw error;
      fields[39] = '96';
    }
  }
  return fields;
}
