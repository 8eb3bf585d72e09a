/** Which addresses may connect. */
import { BlockList, isIP } from 'node:net';

export class SourceList {
  readonly #list = new BlockList();

  /** Addresses and networks: `10.1.2.3`, `10.1.0.0/16`, `fd00::/8`. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = familyOf(address);
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  allows(address: string | undefined): boolean {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && this.#list.check(plain, familyOf(plain));
  }
}

/** A socket for both families shows IPv4 peers as mapped addresses; here they are themselves. */
export function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
