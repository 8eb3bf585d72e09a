/** Destruction of packages whose time is over: only what is on a list that somebody else approved. */
import { rmSync } from 'node:fs';
import { InvoicingRefused } from '../requests.ts';
import type { Destruction } from '../tables.ts';
import { type ArchiveParts, packageFolder } from './package.ts';

/**
 * Removes the packages of an approved list, then records what was removed: cut short in between, it
 * is asked again and goes on. Throws InvoicingRefused.
 */
export async function destroyPackages(parts: ArchiveParts, id: string): Promise<Destruction> {
  const { queries, institution } = parts.desk;
  const key = `${institution}|${id}`;
  const list = queries.get('destructions', key);
  if (list === null) throw new InvoicingRefused('not-found', `there is no destruction list ${id}`);
  if (list.approvedBy === '') {
    throw new InvoicingRefused('not-approved', 'the list is not approved');
  }
  if (list.doneUs > 0) return list;
  const packages = list.packages.map((name) => queries.archivePackage(institution, name)!);
  for (const found of packages) {
    rmSync(packageFolder(parts, found), { recursive: true, force: true });
  }
  const hashes = packages.map(({ file, sha256 }) => ({ name: file, sha256 }));
  await parts.desk.ask('destruction-done', { id, packages: hashes }, id);
  return queries.get('destructions', key)!;
}
