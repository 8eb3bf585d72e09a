/** A bill as a file: PDF and OFD are drawn from it, XML is the signed original itself, metadata is for archives. */
import { archiveMetadata } from '../archive/metadata.ts';
import type { FoundBill, InvoicingQueries } from '../queries.ts';
import { InvoicingRefused } from '../requests.ts';
import { billOfd } from './ofd.ts';
import { billPdf } from './pdf.ts';

export interface BillFile {
  bytes: Buffer;
  contentType: string;
  fileName: string;
}

/** Rejects with InvoicingRefused while the bill is not signed: XML and OFD hold the signed original. */
export async function billFile(
  queries: InvoicingQueries,
  found: FoundBill,
  kind: 'pdf' | 'ofd' | 'xml' | 'metadata',
): Promise<BillFile> {
  const { key, bill, state } = found;
  const fileName = `${key}.${kind}`;
  if (kind === 'pdf') {
    return { bytes: await billPdf(bill), contentType: 'application/pdf', fileName };
  }
  const original = queries.original(key);
  if (original === null) throw new InvoicingRefused('not-signed-yet', 'the bill is not signed yet');
  if (kind === 'xml') return { bytes: original, contentType: 'application/xml', fileName };
  const signature = state.unitSignature?.value ?? '';
  const ofd = billOfd(bill, { original, signature });
  if (kind === 'ofd') return { bytes: ofd, contentType: 'application/ofd', fileName };
  const bytes = archiveMetadata(found, [
    { type: 'xml', description: '签名原文', bytes: original },
    { type: 'ofd', description: '版式文件', bytes: ofd },
  ]);
  return { bytes, contentType: 'application/xml', fileName: `${key}-metadata.xml` };
}
