import type { HsmErrorCode } from '../errors.ts';
import type { ForwardedOperation } from '../forwarding.ts';
import type { Pkcs11Config, SoftwareConfig } from '../types.ts';

/** What crosses between the pool and its threads. */
export type ThreadConfig = SoftwareConfig | Pkcs11Config;

export interface PoolCall {
  operation: ForwardedOperation;
  parameters: unknown[];
}

/** Calls cross together: one message for all that a thread shall do next. */
export type PoolBatch = PoolCall[];

/**
 * One answer for each call of the batch, in order; the first message of a thread holds one answer
 * that says whether its session is open. Errors cross as data: their class would not survive.
 */
export type PoolAnswer = { value: unknown } | { error: { code: HsmErrorCode; message: string } };
