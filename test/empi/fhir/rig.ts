/** A running switch with three domains, asked over FHIR; every answer is looked at by a validator. */
import { Fhir } from 'fhir';
import type { Test } from 'tap';
import { adminOf, type CallOptions, call, type Session } from '../../api/caller.ts';
import { type Served, servedFor } from '../../support/serve.ts';

export const A = 'urn:oid:1.2.3.1';
export const B = 'urn:oid:1.2.3.2';
export const C = 'urn:oid:1.2.3.3';
/** Of citizen identity numbers. */
export const CITIZEN = 'urn:oid:2.16.156.10011.1.3';
let keys = 0;
export const change = (body: unknown): CallOptions => ({ body, idempotencyKey: `k${++keys}` });

type Resource = { resourceType: string; [name: string]: unknown };
export const patient = (system: string, value: string, more: object = {}): Resource => ({
  resourceType: 'Patient',
  identifier: [{ system, value }],
  ...more,
});
export const wang = {
  name: [{ text: '王芳', family: '王', given: ['芳'] }],
  gender: 'female',
  birthDate: '1949-12-31',
  telecom: [{ system: 'phone', value: '13800001234' }],
  address: [{ text: '河北省石家庄市长安区中山路1号' }],
};
export const li = {
  name: [{ family: '李', given: ['强'] }],
  gender: 'male',
  birthDate: '1980-01-02',
};

export function codeOf(body: Record<string, unknown>): string {
  return (body['issue'] as { code: string }[] | undefined)?.[0]?.code ?? '';
}

export const q = encodeURIComponent;

/** The address of a conditional request. */
export const at = (system: string, value: string) =>
  `Patient?identifier=${q(`${system}|${value}`)}`;

export interface FhirRig {
  served: Served;
  admin: Session;
  fhir(method: string, path: string, body?: unknown, key?: string): ReturnType<typeof call>;
  /** The body is valid FHIR. */
  checked(t: Test, what: string, body: unknown): void;
  /** The logical id of a person; empty when there is none. */
  idOf(source: string): Promise<string>;
}

export async function fhirRig(t: Test): Promise<FhirRig> {
  const served = await servedFor(t, 'empi-fhir');
  const admin: Session = await adminOf(served);
  for (const [code, system, source] of [
    ['a', A, ''],
    ['b', B, ''],
    ['c', C, 'client:other'],
  ] as const) {
    const domain = { nameZh: code, kind: 'card', system, source };
    const made = await admin('PUT', `/v1/empi/domains/${code}`, change(domain));
    t.equal(made.status, 200, made.text);
  }
  const fhir: FhirRig['fhir'] = (method, path, body, key) =>
    call(served, method, `/fhir/${path}`, {
      ...(body === undefined
        ? {}
        : { raw: JSON.stringify(body), headers: { 'Content-Type': 'application/fhir+json' } }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
  const validator = new Fhir();
  return {
    served,
    admin,
    fhir,
    checked(t, what, body) {
      const { messages } = validator.validate(body as object, {});
      const wrong = messages.filter(({ severity }) => severity === 'error' || severity === 'fatal');
      const found = wrong.map(({ location, message }) => `${location}: ${message}`);
      t.same(found, [], `${what}: valid FHIR`);
    },
    async idOf(source) {
      const { body } = await fhir('GET', `Patient?identifier=${q(source)}`);
      return (body['entry'] as { resource: { id: string } }[] | undefined)?.[0]?.resource.id ?? '';
    },
  };
}
