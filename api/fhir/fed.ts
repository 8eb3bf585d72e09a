/** What a Patient that was sent says of a person, and the identifiers that it brings. */
import { comparedAddress, comparedName, comparedTelecom } from '../../modules/empi/as-fed.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import type { Demographics, MediumInput } from '../../modules/empi/types.ts';
import { CITIZEN_ID_SYSTEM } from './identifiers.ts';
import { maritalCodeOf } from './marital-status.ts';
import { MOTHERS_MAIDEN_NAME } from './patient.ts';
import type { Patient } from './patient-shape.ts';

/**
 * What a Patient says; elements that it leaves out are left out. A name that it gives takes the place
 * of the whole name that was known: parts that it does not have are told as empty.
 */
export function demographicsOf(patient: Patient): Demographics {
  const { name, telecom, address, maritalStatus, gender, birthDate, active } = patient;
  const citizen = patient.identifier?.find(({ system }) => system === CITIZEN_ID_SYSTEM)?.value;
  const deceased = patient.deceasedDateTime ?? patient.deceasedBoolean?.toString();
  const maidenName = patient.extension?.find(({ url }) => url === MOTHERS_MAIDEN_NAME)?.valueString;
  return {
    ...(name === undefined ? {} : { names: name, ...comparedName(name) }),
    ...(telecom === undefined ? {} : { telecoms: telecom, ...comparedTelecom(telecom) }),
    ...(address === undefined ? {} : { addresses: address, ...comparedAddress(address) }),
    ...(maritalStatus === undefined
      ? {}
      : { maritalConcept: maritalStatus, maritalStatus: maritalCodeOf(maritalStatus) }),
    ...(gender === undefined ? {} : { sex: gender }),
    ...(birthDate === undefined ? {} : { birthDate }),
    ...(citizen === undefined ? {} : { idNumber: citizen }),
    ...(deceased === undefined ? {} : { deceased }),
    ...(active === undefined ? {} : { active: String(active) }),
    ...(maidenName === undefined ? {} : { mothersMaidenName: maidenName }),
  };
}

/** Identifiers of domains that are known; of others there is nothing to keep. */
export function mediaOf(queries: EmpiQueries, patient: Patient): MediumInput[] {
  return (patient.identifier ?? []).flatMap(({ system, value }) => {
    const domain = system === undefined ? undefined : queries.domainOfSystem(system);
    if (domain === undefined || !value) return [];
    return [
      { domain: domain.code, number: value, type: domain.kind === 'card' ? 'card' : 'record' },
    ];
  });
}
