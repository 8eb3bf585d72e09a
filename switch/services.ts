/** What every transaction function works with: made once in each switch worker. */
import type { Hsm } from '../hsm/types.ts';
import { BusinessTime } from '../ledger/business-time.ts';
import type { LedgerClient } from '../ledger/client.ts';
import type { Reader } from '../ledger/reader.ts';
import type { Institution } from '../ledger/registry-kinds.ts';
import type { Controls } from './controls/controls.ts';
import type { Settings } from './controls/settings.ts';
import type { HostGateway } from './hosts/gateway.ts';
import type { Router } from './routing/router.ts';

export interface Services {
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
  institutions: Institutions;
  controls: Controls;
  settings: Settings;
  hosts: Hosts;
}

/** Cards that are not ours: where they go, and the way there. */
export interface Hosts {
  router: Router;
  gateway: HostGateway;
  /** Field 39 of a host to field 39 for terminals, where the host differs from the common table. */
  codesOf: (host: string) => Readonly<Record<string, string>>;
}

/** An institution with its clock at hand. */
export interface InstitutionView extends Institution {
  time: BusinessTime;
  /** Field 44 of approved answers: issuer 11, acquirer 11, reserved 3. */
  additionalResponse: string;
}

/** The institutions of the registry, each with a clock that is made once. */
export class Institutions {
  readonly #reader: Reader;
  readonly #views = new Map<string, { version: number; view: InstitutionView }>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The institution now. One that the registry does not have is a fault of ours. */
  get(id: string): InstitutionView {
    const item = this.#reader.registry.get('institution', id);
    if (item === null) throw new Error(`the registry has no institution ${id}`);
    const known = this.#views.get(id);
    if (known !== undefined && known.version === item.version) return known.view;
    const { issuerId, acquirerId } = item.value;
    const additionalResponse = `${issuerId.padEnd(11)}${acquirerId.padEnd(11)}   `;
    const view = { ...item.value, time: new BusinessTime(item.value), additionalResponse };
    this.#views.set(id, { version: item.version, view });
    return view;
  }

  /**
   * Whose clock and number a refusal carries when its sender is not who it should be: those of the
   * terminal's institution, or of the only one there is.
   */
  ofStranger(terminalId: string): InstitutionView | null {
    const terminal = this.#reader.registry.get('terminal', terminalId);
    if (terminal !== null) return this.get(terminal.value.institution);
    const [only, another] = this.#reader.registry.list('institution');
    return only === undefined || another !== undefined ? null : this.get(only.key);
  }
}
