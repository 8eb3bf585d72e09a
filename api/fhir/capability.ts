/** The CapabilityStatement: what of FHIR this server does. */
import { PARAMETERS } from './search-parameters.ts';

export function capabilityStatement(date: string, url: string) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'posp' },
    implementation: { description: 'Patient index of posp (居民健康卡跨域主索引)', url },
    fhirVersion: '4.0.1',
    format: ['json'],
    instantiates: [
      'https://profiles.ihe.net/ITI/PIXm/CapabilityStatement/IHE.PIXm.Manager',
      'https://profiles.ihe.net/ITI/PDQm/CapabilityStatement/IHE.PDQm.PatientDemographicsSupplier',
      'https://profiles.ihe.net/ITI/PDQm/CapabilityStatement/IHE.PDQm.PatientDemographicsSupplierMatch',
    ],
    rest: [
      {
        mode: 'server',
        documentation:
          'JSON only: XML is answered with 406 and refused with 415. Patients are fed and removed by ' +
          'identifier (conditional update and delete), never by id.',
        security: { description: 'Signed calls or an operator session, as the HTTP API has them' },
        resource: [
          {
            type: 'Patient',
            interaction: ['read', 'search-type'].map((code) => ({ code })),
            versioning: 'versioned',
            conditionalUpdate: true,
            conditionalDelete: 'single',
            searchParam: Object.entries(PARAMETERS).map(([name, { type }]) => ({ name, type })),
            operation: [
              {
                name: 'ihe-pix',
                definition: 'https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix',
              },
              {
                name: 'match',
                definition: 'http://hl7.org/fhir/OperationDefinition/Patient-match',
              },
              {
                name: 'merge',
                definition: 'http://hl7.org/fhir/OperationDefinition/Patient-merge',
              },
            ],
          },
        ],
      },
    ],
  };
}
