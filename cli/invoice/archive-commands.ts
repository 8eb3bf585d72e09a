/** What `posp invoice archive` can do, by name: beside a running switch or without one. */
import { z } from 'zod';
import { destroyPackages } from '../../modules/invoicing/archive/destroy.ts';
import { packYear } from '../../modules/invoicing/archive/pack.ts';
import {
  ARCHIVED_FILES,
  type ArchivedKind,
  archivedFile,
  verifyPackage,
} from '../../modules/invoicing/archive/read.ts';
import { billFile } from '../../modules/invoicing/face/files.ts';
import { InvoicingRefused } from '../../modules/invoicing/requests.ts';
import { type InvoiceCommand, orRefusal } from './invoice-command.ts';

const text = z.string().min(1);
const bill = z.object({ billCode: text, billNumber: text });
const kind = z.enum(Object.keys(ARCHIVED_FILES) as [ArchivedKind]);

/** A file as an answer: `posp invoice archive` writes it where it was asked to. */
export interface AnsweredFile {
  base64: string;
}

const answeredFile = (bytes: Uint8Array): AnsweredFile => {
  return { base64: Buffer.from(bytes).toString('base64') };
};

const COMMANDS: Record<string, InvoiceCommand> = {
  'archive-pack': async (parts, given) => {
    const { year } = z.object({ year: z.string().regex(/^\d{4}$/, 'YYYY') }).parse(given);
    return packYear(parts, year);
  },
  'archive-list': async ({ desk: { queries, institution } }) => ({
    packages: queries.list('archive-packages', institution),
    destructions: queries.list('destructions', institution),
  }),
  'archive-verify': async (parts, given) => {
    const { name } = z.object({ name: text }).parse(given);
    return verifyPackage(parts, name);
  },
  'archive-show': async (parts, given) => {
    const asked = bill.extend({ name: text, kind }).parse(given);
    return answeredFile(await archivedFile(parts, asked.name, asked, asked.kind));
  },
  'archive-export': async ({ desk: { queries, institution } }, given) => {
    const found = queries.bill(bill.parse(given));
    if (found === null || found.bill.institution !== institution) {
      throw new InvoicingRefused('unknown-bill', 'there is no such bill');
    }
    return answeredFile((await billFile(queries, found, 'metadata')).bytes);
  },
  'archive-list-destruction': async ({ desk }, given) => {
    const asked = z.object({ id: text, packages: z.array(text).min(1), reason: text });
    const { id, packages, reason } = asked.parse(given);
    await desk.ask('destruction-listed', { id, packages, reason });
    return desk.queries.get('destructions', `${desk.institution}|${id}`);
  },
  'archive-approve': async ({ desk }, given) => {
    const { id } = z.object({ id: text }).parse(given);
    await desk.ask('destruction-approved', { id });
    return desk.queries.get('destructions', `${desk.institution}|${id}`);
  },
  'archive-carry-out': async (parts, given) => {
    const { id } = z.object({ id: text }).parse(given);
    return destroyPackages(parts, id);
  },
};

export const ARCHIVE_COMMANDS: Record<string, InvoiceCommand> = Object.fromEntries(
  Object.entries(COMMANDS).map(([name, command]) => [name, orRefusal(command)]),
);
