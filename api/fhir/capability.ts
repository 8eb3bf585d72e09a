/** The CapabilityStatement: what of FHIR this server does. */
const search = (name: string, type: string) => ({ name, type });

export function capabilityStatement(date: string) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'posp' },
    implementation: { description: 'Patient index of posp (居民健康卡跨域主索引)' },
    fhirVersion: '4.0.1',
    format: ['json'],
    instantiates: [
      'https://profiles.ihe.net/ITI/PIXm/CapabilityStatement/IHE.PIXm.Manager',
      'https://profiles.ihe.net/ITI/PDQm/CapabilityStatement/IHE.PDQm.Supplier',
    ],
    rest: [
      {
        mode: 'server',
        security: { description: 'Signed calls or an operator session, as the HTTP API has them' },
        resource: [
          {
            type: 'Patient',
            interaction: ['read', 'search-type', 'update', 'delete'].map((code) => ({ code })),
            conditionalUpdate: true,
            conditionalDelete: 'single',
            searchParam: [
              search('_id', 'token'),
              search('active', 'token'),
              search('family', 'string'),
              search('given', 'string'),
              search('identifier', 'token'),
              search('telecom', 'token'),
              search('birthdate', 'date'),
              search('address', 'string'),
              search('address-city', 'string'),
              search('address-country', 'string'),
              search('address-postalcode', 'string'),
              search('address-state', 'string'),
              search('gender', 'token'),
              search('mothersMaidenName', 'string'),
            ],
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
