import type { OperationPlace } from '../types.ts';
import type { Capabilities } from './capabilities.ts';

/**
 * What a token does itself and what is composed around it, for the health page: an operator shall
 * see when a clear key or PIN passes through this process, and why.
 */
export function operationPlaces(capabilities: Capabilities): OperationPlace[] {
  return [
    ...macPlaces(capabilities),
    ...keyPlaces(capabilities),
    {
      operation: 'PIN blocks: encrypt, translate, verify',
      place: 'process',
      why: 'PKCS #11 has no PIN mechanisms: keys stay in the token, the clear block is in this process for one call and wiped',
    },
    {
      operation: 'e-purse, EMV and key-block keys derived from a master',
      place: 'process',
      why: 'masters stay in the token; card and session keys exist in this process for one call and are wiped',
    },
    {
      operation: 'sm2',
      place: 'process',
      why: 'no standard mechanism: the private key is unwrapped for one call and wiped',
    },
  ];
}

function macPlaces({ ciphers }: Capabilities): OperationPlace[] {
  const places: OperationPlace[] = [];
  if (ciphers['3des'] === undefined) {
    places.push({
      operation: '3des',
      place: 'process',
      why: 'the token has no 3DES that passes its self-test',
    });
  } else {
    places.push({
      operation: 'mac: cup-ecb, x9.9, x9.19',
      place: 'composed',
      why: 'folding and padding here, the cipher in the token; single DES as 3DES with equal parts',
    });
  }
  for (const algorithm of ['3des', 'aes', 'sm4'] as const) {
    const row = ciphers[algorithm];
    if (row === undefined) continue;
    places.push({
      operation: `mac: cmac-${algorithm}`,
      place: row.cmac === undefined ? 'composed' : 'token',
      why:
        row.cmac === undefined ? 'from block operations of the token' : 'a mechanism of the token',
    });
  }
  places.push({
    operation: 'sm4',
    place: ciphers.sm4 === undefined ? 'process' : 'token',
    why:
      ciphers.sm4 === undefined
        ? "no SM4 mechanism is configured or passes its self-test: Node's OpenSSL works with the unwrapped key"
        : "the vendor's mechanism passed its self-test",
  });
  return places;
}

function keyPlaces(capabilities: Capabilities): OperationPlace[] {
  const { ciphers, ecbWrapping } = capabilities;
  const inside = ecbWrapping['3des'] === true;
  const wrapping: OperationPlace = {
    operation: 'generate, export and import working keys under 3DES',
    place: inside ? 'token' : 'process',
    why: inside
      ? 'wrapped and unwrapped by the token'
      : 'the token does not wrap under 3DES: the random key is encrypted as data and wiped',
  };
  return [loadingPlace(capabilities), ...(ciphers['3des'] === undefined ? [] : [wrapping])];
}

/** A loaded key that the token would show to whoever is logged in is not one of `place: token`. */
function loadingPlace({
  unwrapStyle,
  unwrapProtects,
  holdsKeysBack,
}: Capabilities): OperationPlace {
  const operation = 'load stored keys, wrap them under a new master';
  if (!unwrapProtects) {
    return {
      operation,
      place: 'process',
      why: 'the token does not protect unwrapped keys as asked: whoever is logged in may read them',
    };
  }
  const how =
    unwrapStyle === 'as-asked'
      ? 'unwrapped by the token, sensitive and not extractable'
      : 'unwrapped by the token, then made sensitive and not extractable, as it ignores the template';
  const limit = holdsKeysBack ? '' : '; yet the token wraps such keys for whoever is logged in';
  return { operation, place: 'token', why: how + limit };
}
