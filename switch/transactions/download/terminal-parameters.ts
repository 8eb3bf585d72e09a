import { encodeGbk, gbkCut } from '../../../protocols/coding/text.ts';
import type { SettingValue } from '../../controls/settings.ts';
import type { Request } from '../row.ts';
import { downloadRow } from './rows.ts';

type Parameters = SettingValue<'terminal-parameters'>;

/** Tag of each part of the block, its width in bytes, and its text (parameter download, field 62). */
const PARTS: readonly [
  tag: string,
  width: number,
  text: (of: Parameters, request: Request) => string,
][] = [
  ['12', 2, ({ timeoutSeconds }) => String(timeoutSeconds).padStart(2, '0')],
  ['13', 1, ({ retries }) => String(retries)],
  ['14', 14, ({ telephone }) => telephone],
  ['18', 1, ({ tipPercent }) => flag(tipPercent > 0)],
  ['19', 2, ({ tipPercent }) => String(tipPercent).padStart(2, '0')],
  ['20', 1, ({ manualEntry }) => flag(manualEntry)],
  ['21', 1, ({ automaticSignOff }) => flag(automaticSignOff)],
  ['22', 40, ({ merchantName }, { merchant }) => merchantName ?? merchant.nameZh],
  ['23', 1, ({ reversalAttempts }) => String(reversalAttempts)],
];

/** 参数下载: how the terminal shall work. */
export const terminalParameters = downloadRow(
  {
    kind: 'parameter-download',
    nameZh: '参数下载',
    nameEn: 'Parameter download',
    async perform(request, services) {
      const parameters = services.settings.get('terminal-parameters');
      const parts = PARTS.map(([tag, width, text]) => part(tag, width, text(parameters, request)));
      return { 62: Buffer.concat(parts) };
    },
  },
  '0800',
  ['360', '364'],
);

/** Text longer than its place is cut at a whole character. */
function part(tag: string, width: number, text: string): Buffer {
  const bytes = encodeGbk(text) ?? Buffer.alloc(0);
  const kept = bytes.subarray(0, gbkCut(bytes, width));
  return Buffer.concat([Buffer.from(tag), kept, Buffer.alloc(width - kept.length, ' ')]);
}

function flag(yes: boolean): string {
  return yes ? '1' : '0';
}
