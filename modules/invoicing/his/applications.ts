/** The applications that may use the vendor's envelope, with their keys read from where the configuration says. */
import type { SecretSource } from '../../../config/types.ts';
import { readSecret } from '../../../hsm/secret.ts';
import type { Application } from './envelope.ts';

export interface ConfiguredApplication {
  appId: string;
  institution: string;
  algorithm: 'md5' | 'sm3-hmac';
  key?: SecretSource | undefined;
  testKey?: string | undefined;
}

/** Throws for an application without a key, and in production for one with a published key. */
export function hisApplications(
  configured: readonly ConfiguredApplication[],
  production: boolean,
): Application[] {
  return configured.map(({ appId, institution, algorithm, key, testKey }) => {
    if (production && testKey !== undefined) {
      throw new Error(`the application ${appId} has a published test key: refused in production`);
    }
    const secret = key === undefined ? (testKey ?? '') : readSecret(key);
    if (secret === '') throw new Error(`the application ${appId} has no key`);
    return { appId, institution, algorithm, key: secret };
  });
}
