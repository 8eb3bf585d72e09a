/** Marital status: the codes of GB/T 2261.2 that the index keeps, and those that FHIR names. */
import type { FedConcept } from '../../modules/empi/types.ts';

export const GB_MARITAL = 'urn:oid:2.16.156.10011.2.3.3.5';
const HL7_MARITAL = 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus';

/** HL7's code, and the one of GB/T 2261.2 that says the same. */
const CODES: readonly [string, string][] = [
  ['S', '10'],
  ['M', '20'],
  ['W', '30'],
  ['D', '40'],
];

/** The code of GB/T 2261.2; empty for what it has no code for. */
export function maritalCodeOf({ coding = [] }: FedConcept): string {
  const own = coding.find(({ system }) => system === GB_MARITAL)?.code;
  if (own !== undefined) return own;
  const other = coding.find(({ system }) => system === HL7_MARITAL)?.code;
  return CODES.find(([code]) => code === other)?.[1] ?? '';
}

export function maritalConceptOf(code: string): FedConcept {
  // 21, 22 and 23 are kinds of being married.
  const other = CODES.find(([, own]) => own[0] === code[0])?.[0];
  return {
    coding: [
      { system: GB_MARITAL, code },
      ...(other === undefined ? [] : [{ system: HL7_MARITAL, code: other }]),
    ],
  };
}
