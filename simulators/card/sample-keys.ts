/** The published test masters of the sample hospital's issuer (config/sample.yaml). */
import type { IssuerMasters } from './cpu-card.ts';

export const SAMPLE_ISSUER: IssuerMasters = {
  purchase: '0123456789ABCDEFFEDCBA9876543210',
  load: '11223344556677888877665544332211',
  tac: '00112233445566778899AABBCCDDEEFF',
  unload: '22334455667788998877665544332211',
};
