import { xor } from './bytes.ts';
import { HsmError } from './errors.ts';
import { checkValueOf, publicKeyCheckValue } from './operations/check-value.ts';
import { decryptWithInitial, encryptWithRandomInitial } from './operations/data.ts';
import { arpcOf, arqcMatches } from './operations/emv.ts';
import { cardUpdateMac, EPURSE_STEPS, epurseMac } from './operations/epurse.ts';
import { makeKeyBlock, openKeyBlock } from './operations/key-block.ts';
import { checkMac, computeMac } from './operations/mac.ts';
import {
  encryptDigits,
  encryptPinBlock,
  pinDigits,
  pinReferenceOf,
  referenceMatches,
  withPinDigits,
} from './operations/pin.ts';
import { pinOffsetOf, pvvOf } from './operations/pin-verification.ts';
import { sm2Sign, sm2Verify } from './operations/sm2.ts';
import { decryptTrackBlock, encryptTrackBlock } from './operations/track.ts';
import { requireAlgorithm, requirePurpose } from './purposes.ts';
import type {
  ClearPin,
  EmvCryptogram,
  EncryptedPin,
  EpurseCard,
  EpurseFields,
  EpurseStep,
  Hsm,
  HsmStatus,
  KeySpec,
  MacAlgorithm,
  PinFormat,
  PinReference,
  StoredKey,
  WrappedKey,
} from './types.ts';
import type { CipherKey, Vault } from './vault.ts';

/**
 * The interface over one vault: checks what each key is for, loads it and runs the operation. The
 * providers differ in their vaults only, so an operation behaves the same on every token.
 */
export class KeyedHsm implements Hsm {
  readonly name: string;
  readonly #vault: Vault;
  #closed = false;

  constructor(name: string, vault: Vault) {
    this.name = name;
    this.#vault = vault;
  }

  status(): HsmStatus {
    return { name: this.name, ...this.#vault.describe() };
  }

  generateKey(spec: KeySpec): StoredKey {
    return this.#open().generate(spec);
  }

  importKey(spec: KeySpec, components: Uint8Array[]): StoredKey {
    const clear = combineComponents(components);
    try {
      return this.#open().store(spec, clear);
    } finally {
      clear.fill(0);
      for (const component of components) component.fill(0);
    }
  }

  exportKey(key: StoredKey, under: StoredKey): WrappedKey {
    requirePurpose(under, 'kek');
    return this.#open().exportUnder(key, under);
  }

  importWrapped(
    spec: KeySpec,
    under: StoredKey,
    cryptogram: Uint8Array,
    checkValue?: string,
  ): StoredKey {
    requirePurpose(under, 'kek');
    return this.#open().importUnder(spec, under, cryptogram, checkValue);
  }

  rotateKey(key: StoredKey): StoredKey {
    const vault = this.#open();
    return vault.generate({
      algorithm: key.algorithm,
      purpose: key.purpose,
      version: key.version + 1,
      lengthBytes: vault.keyLength(key),
      exportable: vault.isExportable(key),
    });
  }

  rewrapKey(key: StoredKey, masterNumber: number): StoredKey {
    return this.#open().rewrap(key, masterNumber);
  }

  forgetKey(key: StoredKey): void {
    this.#open().forget(key);
  }

  checkValue(key: StoredKey): string {
    if (key.algorithm === 'sm2') {
      return publicKeyCheckValue(this.#open().withClear(key, () => key.publicKey ?? ''));
    }
    return checkValueOf(this.#open().load(key));
  }

  exportKeyBlock(key: StoredKey, under: StoredKey): string {
    const protection = this.#load(under, 'key-block');
    const vault = this.#open();
    if (!vault.isExportable(key)) {
      throw new HsmError('not_exportable', `this ${key.purpose} key may not leave the HSM`);
    }
    return vault.withClear(key, (clear) => makeKeyBlock(protection, key, clear));
  }

  importKeyBlock(spec: KeySpec, under: StoredKey, block: string): StoredKey {
    const protection = this.#load(under, 'key-block');
    return openKeyBlock(protection, spec, block, (clear, mayTravel) => {
      const exportable = mayTravel && (spec.exportable ?? false);
      return this.#open().store({ ...spec, exportable }, clear);
    });
  }

  generateMac(key: StoredKey, algorithm: MacAlgorithm, data: Uint8Array): Buffer {
    return computeMac(this.#load(key, 'mac'), algorithm, data);
  }

  verifyMac(key: StoredKey, algorithm: MacAlgorithm, data: Uint8Array, mac: Uint8Array): boolean {
    return checkMac(this.#load(key, 'mac'), algorithm, data, mac);
  }

  encryptPin(key: StoredKey, pin: ClearPin): Buffer {
    return encryptPinBlock(this.#load(key, 'pin'), pin);
  }

  translatePin(
    from: EncryptedPin,
    to: { pinKey: StoredKey; format: PinFormat; pan?: string },
  ): Buffer {
    const target = this.#load(to.pinKey, 'pin');
    return this.#withPin(from, (digits) =>
      encryptDigits(target, digits, to.format, to.pan ?? from.pan),
    );
  }

  createPinReference(key: StoredKey, pin: { pan: string; pin: string } | EncryptedPin): Buffer {
    const referenceKey = this.#load(key, 'pin-reference');
    if ('pinBlock' in pin) {
      return this.#withPin(pin, (digits) => pinReferenceOf(referenceKey, pin.pan, digits));
    }
    const digits = pinDigits(pin.pin);
    try {
      return pinReferenceOf(referenceKey, pin.pan, digits);
    } finally {
      digits.fill(0);
    }
  }

  verifyPin(pin: EncryptedPin, against: PinReference): boolean {
    const referenceKey = this.#load(against.referenceKey, 'pin-reference');
    const actual = this.#withPin(pin, (digits) => pinReferenceOf(referenceKey, pin.pan, digits));
    return referenceMatches(against.reference, actual);
  }

  createPvv(key: StoredKey, keyIndex: number, pin: EncryptedPin): string {
    const pvvKey = this.#load(key, 'pin-verification');
    return this.#withPin(pin, (digits) => pvvOf(pvvKey, pin.pan, keyIndex, digits));
  }

  verifyPvv(key: StoredKey, keyIndex: number, pin: EncryptedPin, pvv: string): boolean {
    const actual = this.createPvv(key, keyIndex, pin);
    return referenceMatches(Buffer.from(pvv), Buffer.from(actual));
  }

  createPinOffset(key: StoredKey, pin: EncryptedPin): string {
    const offsetKey = this.#load(key, 'pin-verification');
    return this.#withPin(pin, (digits) => pinOffsetOf(offsetKey, pin.pan, digits));
  }

  verifyPinOffset(key: StoredKey, pin: EncryptedPin, offset: string): boolean {
    const actual = this.createPinOffset(key, pin);
    return referenceMatches(Buffer.from(offset), Buffer.from(actual));
  }

  encryptTrack(key: StoredKey, track: string): string {
    return encryptTrackBlock(this.#load(key, 'data'), track);
  }

  decryptTrack(key: StoredKey, track: string): string {
    return decryptTrackBlock(this.#load(key, 'data'), track);
  }

  encryptData(key: StoredKey, clear: Uint8Array): Buffer {
    return encryptWithRandomInitial(this.#load(key, 'data'), clear);
  }

  decryptData(key: StoredKey, encrypted: Uint8Array): Buffer {
    return decryptWithInitial(this.#load(key, 'data'), encrypted);
  }

  generateEpurseMac(card: EpurseCard, step: EpurseStep, fields: EpurseFields): Buffer {
    const purpose = EPURSE_STEPS[step]?.purpose;
    if (purpose === undefined) throw new HsmError('bad_input', 'unknown e-purse step');
    const master = this.#load(card.master, purpose);
    return epurseMac(master, card.factors, step, fields);
  }

  verifyEpurseMac(
    card: EpurseCard,
    step: EpurseStep,
    fields: EpurseFields,
    mac: Uint8Array,
  ): boolean {
    return referenceMatches(this.generateEpurseMac(card, step, fields), mac);
  }

  generateCardUpdateMac(card: EpurseCard, initial: Uint8Array, command: Uint8Array): Buffer {
    const master = this.#load(card.master, 'epurse-maintenance');
    return cardUpdateMac(master, card.factors, initial, command);
  }

  verifyArqc(request: EmvCryptogram, arqc: Uint8Array): boolean {
    return arqcMatches(this.#load(request.master, 'emv-ac'), request, arqc);
  }

  generateArpc(request: EmvCryptogram, arqc: Uint8Array, responseCode: Uint8Array): Buffer {
    return arpcOf(this.#load(request.master, 'emv-ac'), request, arqc, responseCode);
  }

  sign(key: StoredKey, data: Uint8Array, userId?: string): Buffer {
    requirePurpose(key, 'sign');
    requireAlgorithm(key, 'sm2');
    const publicKey = key.publicKey ?? '';
    return this.#open().withClear(key, (clear) => sm2Sign(clear, publicKey, data, userId));
  }

  verify(publicKey: string, data: Uint8Array, signature: Uint8Array, userId?: string): boolean {
    return sm2Verify(publicKey, data, signature, userId);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#vault.close();
  }

  #open(): Vault {
    if (this.#closed) throw new HsmError('closed', 'the HSM was closed');
    return this.#vault;
  }

  #load(key: StoredKey, purpose: StoredKey['purpose']): CipherKey {
    requirePurpose(key, purpose);
    return this.#open().load(key);
  }

  #withPin<T>(pin: EncryptedPin, use: (digits: Buffer) => T): T {
    const key = this.#load(pin.pinKey, 'pin');
    return withPinDigits(key, pin.format, pin.pinBlock, pin.pan, use);
  }
}

/** XOR of the components: one is the key itself, two or three are what the ceremony uses. */
function combineComponents(components: readonly Uint8Array[]): Buffer {
  const [first, ...others] = components;
  if (first === undefined) throw new HsmError('bad_input', 'a key has at least one component');
  let clear: Buffer = Buffer.from(first);
  for (const component of others) {
    if (component.length !== clear.length) {
      clear.fill(0);
      throw new HsmError('bad_input', 'all components of a key have the same length');
    }
    const combined = xor(clear, component);
    clear.fill(0);
    clear = combined;
  }
  return clear;
}
