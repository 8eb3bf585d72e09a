import type { HsmErrorCode } from '../errors.ts';
import type { ForwardedOperation } from '../forwarding.ts';
import type { Pkcs11Config, SoftwareConfig } from '../types.ts';

/** What crosses between the pool and its threads. */
export type PoolWorkerData = SoftwareConfig | Pkcs11Config;

export interface PoolCall {
  operation: ForwardedOperation;
  parameters: unknown[];
}

/** Errors cross as data: an error class does not survive the way between threads. */
export type PoolAnswer = { value: unknown } | { error: { code: HsmErrorCode; message: string } };
