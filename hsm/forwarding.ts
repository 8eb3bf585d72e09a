import type { Hsm } from './types.ts';

/** Everything that a pool or a group hands on to a member: all but its own state and end. */
export type ForwardedOperation = Exclude<keyof Hsm, 'name' | 'status' | 'close'>;

/** A record, so that the compiler notices an operation that was forgotten here. */
const FORWARDED: Record<ForwardedOperation, true> = {
  generateKey: true,
  importKey: true,
  exportKey: true,
  importWrapped: true,
  rotateKey: true,
  rewrapKey: true,
  forgetKey: true,
  checkValue: true,
  exportKeyBlock: true,
  importKeyBlock: true,
  generateMac: true,
  verifyMac: true,
  encryptPin: true,
  translatePin: true,
  createPinReference: true,
  verifyPin: true,
  createPvv: true,
  verifyPvv: true,
  createPinOffset: true,
  verifyPinOffset: true,
  encryptTrack: true,
  decryptTrack: true,
  encryptData: true,
  decryptData: true,
  generateEpurseMac: true,
  verifyEpurseMac: true,
  generateCardUpdateMac: true,
  verifyArqc: true,
  generateArpc: true,
  sign: true,
  verify: true,
};

/** One function for each operation that calls `call` with the operation's name and arguments. */
export function forwardingTo(
  call: (operation: ForwardedOperation, parameters: unknown[]) => Promise<unknown>,
): Pick<Hsm, ForwardedOperation> {
  const operations = Object.keys(FORWARDED) as ForwardedOperation[];
  return Object.fromEntries(
    operations.map((operation) => [
      operation,
      (...parameters: unknown[]) => call(operation, parameters),
    ]),
  ) as unknown as Pick<Hsm, ForwardedOperation>;
}

/** Calls one operation of an HSM by name. */
export function callByName(
  hsm: Hsm,
  operation: ForwardedOperation,
  parameters: readonly unknown[],
): unknown {
  const method = hsm[operation] as (...parameters: unknown[]) => unknown;
  return method.apply(hsm, [...parameters]);
}

/** `importKey` promises to wipe the caller's components, also where a member worked on a copy. */
export function wipeComponents(parameters: readonly unknown[]): void {
  const components = parameters[1];
  if (!Array.isArray(components)) return;
  for (const component of components) if (component instanceof Uint8Array) component.fill(0);
}
