/** What e-invoicing adds to the running system: sample data at the first start, the socket for old software, the command line's questions. */
import type { ControlHandler } from '../../api/control.ts';
import type { SystemServices } from '../../api/services.ts';
import type { Config } from '../../config/schema.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import type { ModuleQueries } from '../../modules/frame/queries.ts';
import { billCodeOf } from '../../modules/invoicing/apply/issue.ts';
import { factEntry } from '../../modules/invoicing/facts.ts';
import { hisApplications } from '../../modules/invoicing/his/applications.ts';
import { answerText, type CompatibilityParts } from '../../modules/invoicing/his/compatibility.ts';
import { serveTcpGateway, type TcpGateway } from '../../modules/invoicing/his/tcp-gateway.ts';
import { managedItem, sampleManaged } from '../../modules/invoicing/managed/sample.ts';
import type { Managed } from '../../modules/invoicing/managed/schemas.ts';
import { invoicing } from '../../modules/invoicing/module.ts';
import type { InvoicingQueries } from '../../modules/invoicing/queries.ts';
import { Desk } from '../../modules/invoicing/requests.ts';
import { deskName, INVOICE_COMMANDS, runCommand } from '../invoice/commands.ts';

const WHO = 'first start';

/** Sample data and test numbers, once: their facts have fixed keys. */
export async function provisionInvoicing(
  firstStart: Config['firstStart'],
  ledger: LedgerClient,
): Promise<void> {
  if (firstStart?.invoicing === undefined) return;
  const { institution, merchants, invoicing } = firstStart;
  const items = sampleManaged({
    institution: institution.id,
    name: institution.nameZh,
    regionCode: invoicing.regionCode,
    province: invoicing.province,
    merchants: merchants.flatMap(({ id, nameZh, category }) => {
      return category === 'other' ? [] : [{ id, name: nameZh, category }];
    }),
  });
  const unit = items.find(({ table }) => table === 'unit')!.value as Managed['unit'];
  const withPages = managedItem('unit', { ...unit, pageAddress: invoicing.pageAddress });
  const facts = [...items.filter(({ table }) => table !== 'unit'), withPages].map((item) =>
    factEntry('managed', institution.id, `sample|${item.table}|${item.key}`, { ...item, who: WHO }),
  );
  if (invoicing.testNumbers > 0) {
    const year = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    for (const { table, value } of items) {
      if (table !== 'billType') continue;
      const billCode = billCodeOf(unit, value as Managed['billType'], year);
      const range = { billCode, from: 1, to: invoicing.testNumbers };
      const numbers = { medium: 'electronic' as const, ...range, source: 'manual' as const };
      const payload = { ...numbers, reference: 'test numbers', who: WHO };
      facts.push(factEntry('numbers-received', institution.id, `sample|${billCode}`, payload));
    }
  }
  await Promise.all(facts.map((entry) => ledger.submit(entry)));
}

type InvoicingParts = Omit<StartParts, 'view'> & { view: ModuleQueries<InvoicingQueries> };
type StartParts = Pick<SystemServices, 'config' | 'ledger' | 'log' | 'view' | 'hsm' | 'reader'>;

/** The command line's questions, and the socket for old software where the configuration has one. */
export async function startInvoicing(
  services: StartParts,
): Promise<{ handlers: Record<string, ControlHandler>; close: () => Promise<void> }> {
  const parts: InvoicingParts = { ...services, view: services.view(invoicing) };
  const gateway = await startTcpGateway(parts);
  return {
    handlers: invoiceHandlers(parts),
    close: async () => {
      await gateway?.close();
    },
  };
}

async function startTcpGateway(parts: InvoicingParts): Promise<TcpGateway | null> {
  const { tcp } = parts.config.invoicing.his;
  if (tcp === undefined) return null;
  const compatibility = compatibilityParts(parts);
  const handle = (text: string) => answerText(text, compatibility);
  const gateway = await serveTcpGateway(tcp.address, tcp.port, handle);
  parts.log.info({ address: tcp.address, port: gateway.port }, 'socket for hospital software');
  return gateway;
}

/** How long a question waits for a view that is behind. */
const CAUGHT_UP_MS = 1_000;

function caughtUp({ view, reader }: InvoicingParts): Promise<boolean> {
  return view.reached(reader.head().position, CAUGHT_UP_MS);
}

function compatibilityParts(parts: InvoicingParts): CompatibilityParts {
  const { ledger, view, log } = parts;
  return {
    caughtUp: () => caughtUp(parts),
    applications: hisApplications(parts.config.invoicing.his.applications, parts.config.production),
    deskOf: ({ institution, appId }) => {
      return new Desk({ ledger, view, institution, who: `his:${appId}` });
    },
    onFault: (error) => log.error({ err: error }, 'a call of hospital software failed'),
  };
}

/** What `posp invoice` asks of a running switch. */
function invoiceHandlers(services: InvoicingParts): Record<string, ControlHandler> {
  const { config, ledger, view, hsm, reader } = services;
  const handlers: Record<string, ControlHandler> = {};
  for (const name of Object.keys(INVOICE_COMMANDS)) {
    handlers[`invoice/${name}`] = async (given) => {
      await caughtUp(services);
      const institution = String(given['institution'] ?? config.firstStart?.institution.id ?? '');
      const desk = new Desk({ ledger, view, institution, who: deskName(given) });
      const parts = { desk, hsm, reader, archiveDir: config.invoicing.archiveDir };
      return runCommand(name, parts, given);
    };
  }
  return handlers;
}
