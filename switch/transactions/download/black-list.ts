import { entriesKnown, listPage } from './pages.ts';
import { downloadRow } from './rows.ts';

/** A card number on the list: 20 digits with zeros in front. */
const NUMBER_DIGITS = 20;

/** 黑名单下载: card numbers that a terminal shall refuse by itself, also when its line is down. */
export const blackListDownload = downloadRow(
  {
    kind: 'black-list-download',
    nameZh: '黑名单下载',
    nameEn: 'Black list download',
    async perform(request, services) {
      const entries: Buffer[] = [];
      for (const { key } of services.reader.registry.list('blacklist')) {
        entries.push(Buffer.from(key.padStart(NUMBER_DIGITS, '0')));
      }
      return { 62: listPage(entries, entriesKnown(request)) };
    },
  },
  '0800',
  ['390', '394', '396'],
);
