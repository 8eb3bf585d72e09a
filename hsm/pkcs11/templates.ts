import type { Template } from './binding.ts';
import { CKA, CKO_SECRET_KEY } from './constants.ts';

/** What a key object may do. Whatever is not named is forbidden. */
export interface KeyUse {
  encrypt?: boolean;
  decrypt?: boolean;
  wrap?: boolean;
  unwrap?: boolean;
  sign?: boolean;
}

export interface ObjectSpec extends KeyUse {
  keyType: number;
  /** Label of a permanent object; without it the object lives as long as its session. */
  label?: string;
  extractable?: boolean;
  value?: Buffer;
  lengthBytes?: number;
}

/** The template of a secret key: always sensitive, extractable only where it says so. */
export function secretKeyTemplate(spec: ObjectSpec): Template {
  const template: Template = [
    { type: CKA.CLASS, value: CKO_SECRET_KEY },
    { type: CKA.KEY_TYPE, value: spec.keyType },
    { type: CKA.TOKEN, value: spec.label !== undefined },
    { type: CKA.PRIVATE, value: true },
    { type: CKA.SENSITIVE, value: true },
    { type: CKA.EXTRACTABLE, value: spec.extractable ?? false },
    { type: CKA.ENCRYPT, value: spec.encrypt ?? false },
    { type: CKA.DECRYPT, value: spec.decrypt ?? false },
    { type: CKA.WRAP, value: spec.wrap ?? false },
    { type: CKA.UNWRAP, value: spec.unwrap ?? false },
    { type: CKA.SIGN, value: spec.sign ?? false },
    { type: CKA.VERIFY, value: spec.sign ?? false },
  ];
  if (spec.label !== undefined) template.push({ type: CKA.LABEL, value: spec.label });
  if (spec.value !== undefined) template.push({ type: CKA.VALUE, value: spec.value });
  if (spec.lengthBytes !== undefined) {
    template.push({ type: CKA.VALUE_LEN, value: spec.lengthBytes });
  }
  return template;
}
