/**
 * The whole of posp in one process, put together in the order in which its parts need each other:
 * HSM, ledger, first start, switch, business day, HTTP, control socket.
 */
import { EventEmitter } from 'node:events';
import { createApi } from '../../api/application.ts';
import { type ControlHandler, serveControl } from '../../api/control.ts';
import { healthRoutes } from '../../api/health.ts';
import { serveHl7 } from '../../api/hl7/server.ts';
import { ApiMetrics } from '../../api/metrics.ts';
import { type ApiServer, serveHttp } from '../../api/server.ts';
import { type SystemServices, Views } from '../../api/services.ts';
import type { Config } from '../../config/schema.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { openReader, type Reader } from '../../ledger/reader.ts';
import { type Ledger, startLedger } from '../../ledger/writer-host.ts';
import type { ClearingResult } from '../../modules/clearing/run.ts';
import { Modules } from '../../modules/frame/host.ts';
import { BusinessDayWatch } from '../../switch/business-day-watch.ts';
import { controlCommands } from '../../switch/controls/commands.ts';
import { forgetExpiredHolds } from '../../switch/holds/held-funds.ts';
import type { HubDoor } from '../../switch/hosts/hub-door.ts';
import type { Logger } from '../../switch/log.ts';
import { type ProvisionProgress, provision } from '../../switch/provision.ts';
import { Switch } from '../../switch/switch.ts';
import { type ClearDayParts, clearDay, clearedAtCutOff, type DayClosed } from './clear-day.ts';
import { ledgerFolder, prepareDataFolder } from './data-folder.ts';
import { sealDay } from './day-seal.ts';
import { empiCommands } from './empi.ts';
import { hostCommands, prepareHosts, startHosts } from './hosts.ts';
import { type ChosenHsm, chooseHsm } from './hsm-choice.ts';
import { provisionInvoicing, startInvoicing } from './invoicing.ts';
import { keyCommands } from './keys/commands.ts';
import { recordPending } from './keys/record.ts';
import { ledgerKey } from './ledger-key.ts';
import { changedSettings, switchSettings } from './reload.ts';

export interface SystemOptions {
  config: Config;
  /** Reads the configuration again, for a reload. Throws what makes it unusable. */
  readConfig?: () => Config;
  log: Logger;
  onProvision?: ProvisionProgress;
}

/** Emits `failed` when a part that must not end has ended: the process has to stop. */
export class System extends EventEmitter<{ failed: [Error] }> {
  readonly chosen: ChosenHsm;
  readonly ledger: Ledger;
  readonly client: LedgerClient;
  readonly reader: Reader;
  readonly switch: Switch;
  readonly hosts: HubDoor;
  readonly http: ApiServer;
  readonly modules: Modules;
  /** The first password of the operator `admin` when this start made it; never kept. */
  readonly adminPassword: string | null;
  #config: Config;
  #reloading: Promise<unknown> = Promise.resolve();
  readonly #options: SystemOptions;
  readonly #views: Views;
  readonly #watch: BusinessDayWatch;
  readonly #seal: DayClosed;
  readonly #closeControl: () => Promise<void>;

  private constructor(parts: {
    options: SystemOptions;
    chosen: ChosenHsm;
    ledger: Ledger;
    client: LedgerClient;
    reader: Reader;
    switch: Switch;
    hosts: HubDoor;
    http: ApiServer;
    modules: Modules;
    views: Views;
    adminPassword: string | null;
    watch: BusinessDayWatch;
    seal: DayClosed;
    closeControl: () => Promise<void>;
  }) {
    super();
    this.#options = parts.options;
    this.#config = parts.options.config;
    this.chosen = parts.chosen;
    this.ledger = parts.ledger;
    this.client = parts.client;
    this.reader = parts.reader;
    this.switch = parts.switch;
    this.hosts = parts.hosts;
    this.http = parts.http;
    this.modules = parts.modules;
    this.adminPassword = parts.adminPassword;
    this.#views = parts.views;
    this.#watch = parts.watch;
    this.#seal = parts.seal;
    this.#closeControl = parts.closeControl;
    this.ledger.on('failed', (error) => this.emit('failed', error));
    this.switch.on('failed', (error) => this.emit('failed', error));
    this.hosts.on('failed', (error) => this.emit('failed', error));
  }

  /** Starts everything; resolves when terminals can connect. */
  static async start(options: SystemOptions): Promise<System> {
    const { config, log, onProvision } = options;
    const { dataDir } = config;
    const startedAtMs = performance.now();
    prepareDataFolder(dataDir);
    const chosen = await chooseHsm(config.hsm, dataDir);
    const encryptionKey = await ledgerKey(dataDir, config.ledger.encrypted, chosen.hsm);
    const ledger = await startLedger({ dataDir: ledgerFolder(dataDir), encryptionKey });
    for (const repair of ledger.recovery.repairs) log.warn({ repair }, 'ledger repaired');
    const startingModules = startModules(config, chosen, ledger, encryptionKey, log);
    const client = ledger.client();
    const { generation } = ledger;
    const reader = openReader(ledgerFolder(dataDir), { generation, encryptionKey });
    if (config.firstStart !== undefined) {
      const parts = { hsm: chosen.hsm, ledger: client, reader };
      await provision(config.firstStart, parts, onProvision);
      await provisionInvoicing(config.firstStart, client);
    }
    const { hsm } = chosen;
    const parties = { hsm, ledger: client, reader };
    const { watch, seal } = businessDays(config, encryptionKey, parties, log);
    await watch.check(Date.now());
    const hosts = await startHosts(config, chosen, ledger, encryptionKey, { client, reader });
    const startingWorkers = Switch.start({
      ...switchSettings(config),
      dataDir: ledgerFolder(dataDir),
      hsm: chosen.config,
      ledger,
      encryptionKey,
      hosts: () => hosts.forWorker(),
    });
    const [workers, modules] = await Promise.all([startingWorkers, startingModules]);
    const views = new Views(dataDir, encryptionKey);
    const api = new ApiMetrics();
    const health = { hsm, ledger, reader, switch: workers, hosts, modules, startedAtMs };
    const view: SystemServices['view'] = (module) => views.view(module);
    const services: SystemServices = { config, ...parties, modules, log, view };
    const bills = await startInvoicing(services);
    const pages = healthRoutes({ ...health, api: api.registry });
    const { application, adminPassword } = await createApi(services, api, pages);
    const http = await serveHttp(config.http.address, config.http.port, application);
    const hl7 = await serveHl7(config, services);
    let system: System | null = null;
    const keyParts = { dataDir, hsm: chosen.hsm, ledger: client, reader };
    for (const problem of await recordPending(keyParts)) log.warn({ problem }, 'key not recorded');
    const control = await serveControl(dataDir, {
      reload: async () => ({ changed: await system?.reload() }),
      'clearing/run': ({ date, institution }) =>
        clearDay(config.clearingDir, parties, { date, institution }, seal),
      ...moduleCommands(modules, reader),
      ...keyCommands(keyParts),
      ...hostCommands(hosts),
      ...bills.handlers,
      ...empiCommands(services),
      ...controlCommands({ reader, ledger: client, hsm: chosen.hsm }),
    });
    const closeControl = () => Promise.all([bills.close(), hl7?.close()]).then(control.close);
    const parts = { options, chosen, ledger, client, reader, http, watch, seal, closeControl };
    system = new System({ ...parts, hosts, modules, views, adminPassword, switch: workers });
    return system;
  }

  /**
   * Reads the configuration again and changes to it without losing a connection; fresh workers also
   * run what is on disk now. Gives the names of the settings that changed. Throws, before anything
   * has changed, for a configuration that is wrong or asks for what needs a restart.
   */
  reload(): Promise<string[]> {
    const done = this.#reloading.then(() => this.#reload());
    this.#reloading = done.catch(() => {});
    return done;
  }

  async #reload(): Promise<string[]> {
    const config = this.#options.readConfig?.() ?? this.#config;
    const changed = changedSettings(this.#config, config);
    const { client: ledger, reader } = this;
    await prepareHosts(config, this.hosts, { hsm: this.chosen.hsm, ledger, reader });
    try {
      await this.switch.reload(switchSettings(config));
    } catch (error) {
      await this.hosts.rollback();
      throw error;
    }
    await this.hosts.commit();
    this.#config = config;
    this.#options.log.info({ changed }, 'reloaded: fresh workers have taken over');
    return changed;
  }

  /** Closes the day when it is still open, and clears it. */
  clear(date?: string): Promise<ClearingResult> {
    const { reader, client: ledger } = this;
    const { hsm } = this.chosen;
    return clearDay(this.#config.clearingDir, { reader, ledger, hsm }, { date }, this.#seal);
  }

  /** Answers what was asked, writes everything, and closes. */
  async stop(): Promise<void> {
    await this.#watch.stop();
    await this.#closeControl();
    await this.switch.stop();
    await this.hosts.stop();
    this.http.close();
    await this.modules.stop();
    await this.#views.close();
    await this.reader.close();
    this.client.close();
    await this.ledger.stop();
    await this.chosen.hsm.close();
  }
}

/** Closing, sealing and clearing of business days: by the clock, or by whoever asks. */
function businessDays(
  config: Config,
  encryptionKey: Uint8Array | undefined,
  parts: ClearDayParts,
  log: Logger,
): { watch: BusinessDayWatch; seal: DayClosed } {
  const { dataDir, clearingDir, clearing } = config;
  const seal: DayClosed = (institution, date) =>
    sealDay(institution, date, { dataDir, encryptionKey, ...parts });
  const cleared = clearedAtCutOff(clearingDir, parts, seal, log);
  const watch = new BusinessDayWatch(parts.reader, parts.ledger, async (institution, date) => {
    log.info({ institution, date }, 'business day closed at its cut-off');
    await forgetExpiredHolds(Date.now() * 1_000, parts);
    await seal(institution, date);
    if (clearing.atCutOff) await cleared(institution, date);
  });
  return { watch, seal };
}

function startModules(
  config: Config,
  chosen: ChosenHsm,
  ledger: Ledger,
  encryptionKey: Uint8Array | undefined,
  log: Logger,
): Promise<Modules> {
  return Modules.start({
    list: new URL('../../modules/list.js', import.meta.url).href,
    dataDir: config.dataDir,
    ledgerDir: ledgerFolder(config.dataDir),
    encryptionKey,
    ledger,
    hsm: chosen.config,
    configs: {
      ...config,
      clearing: { ...config.clearing, directory: config.clearingDir },
    },
    log,
  });
}

/** What `posp module` asks of a running switch. */
function moduleCommands(modules: Modules, reader: Reader): Record<string, ControlHandler> {
  return {
    'module/status': async () => {
      const headPosition = reader.head().position;
      const { problem } = modules;
      return { headPosition, problem, modules: modules.lags(headPosition, Date.now()) };
    },
    'module/resume': async ({ name }) => modules.resume(String(name)),
    'module/rebuild': async ({ name }) => modules.rebuild(String(name)),
  };
}
