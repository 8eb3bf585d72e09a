/**
 * The report for people: one page without anything from outside, the totals first, Chinese and
 * English. The same result gives the same bytes, so there is no clock in it.
 */
import { DIFFERENCE_LABELS, type Difference, type DifferenceCode } from '../record.ts';
import type { Reconciliation, SideTotals } from '../result.ts';
import { COLUMNS, yuanText } from './columns.ts';

/** A page with more rows than a person reads; the rest is in CSV and XLSX. */
const MOST_ROWS = 5_000;

const STYLE = `
body{font:14px/1.6 system-ui,"Noto Sans SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:80rem;
padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.verdict{font-size:1.1rem;margin:.5rem 0 1.5rem;padding:.6rem 1rem;border-left:.4rem solid}
.agree{border-color:#1a7f37;background:#eefbf1}.differ{border-color:#b3261e;background:#fdf0ef}
table{border-collapse:collapse;width:100%}.wide{overflow-x:auto}
th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:left;white-space:nowrap}
th{background:#f5f5f5;position:sticky;top:0}.n{text-align:right;font-variant-numeric:tabular-nums}
tfoot td{font-weight:600}.note{color:#666}code{font-size:.85em;word-break:break-all}
@media print{body{margin:0}th{position:static}}`;

export function htmlReport({ result, files, runId }: Reconciliation): string {
  const { source, date, matched, differences, totals } = result;
  const agrees = differences.length === 0;
  const title = `对账 Reconciliation ${source} ${date ?? ''}`.trim();
  const verdict = agrees
    ? `两边一致，共 ${matched} 笔。Both sides agree: ${matched} matched.`
    : `${differences.length} 笔差异，${matched} 笔相符。${differences.length} differences, ${matched} matched.`;
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(title)}</h1>
<p class="verdict ${agrees ? 'agree' : 'differ'}">${verdict}</p>
${totalsTable(totals.ours, totals.theirs)}
${agrees ? '' : countsTable(result.counts, differences)}
${agrees ? '' : cutTables(differences)}
${agrees ? '' : differencesTable(differences)}
<h2>文件 Files</h2>
<p class="note">我方 ours: ${escaped(files.ours.name)}, ${files.ours.lines} 行 lines, SHA-256 <code>${files.ours.sha256}</code><br>
渠道 theirs: ${escaped(files.theirs.name)}, ${files.theirs.lines} 行 lines, SHA-256 <code>${files.theirs.sha256}</code><br>
批次 run: <code>${runId}</code></p>
</body></html>
`;
}

function totalsTable(ours: SideTotals, theirs: SideTotals): string {
  const row = (name: string, side: SideTotals): string =>
    tr([
      name,
      ...[side.lines, side.matched, side.differences, side.withoutMoney].map(String),
      ...[side.payFen, side.refundFen, side.netFen, side.feeFen].map(money),
    ]);
  const gap = [
    ours.lines - theirs.lines,
    '',
    '',
    '',
    money(ours.payFen - theirs.payFen),
    money(ours.refundFen - theirs.refundFen),
    money(ours.netFen - theirs.netFen),
    money(ours.feeFen - theirs.feeFen),
  ].map(String);
  return `<div class="wide"><table><thead><tr><th></th>${[
    '笔数 Lines',
    '相符 Matched',
    '差异 Different',
    '无资金 No money',
    '支付 Payments',
    '退款 Refunds',
    '净额 Net',
    '手续费 Fees',
  ]
    .map((title) => `<th class="n">${title}</th>`)
    .join('')}</tr></thead><tbody>${row('我方 Ours', ours)}${row('渠道 Theirs', theirs)}</tbody>
<tfoot>${tr(['差额 Ours − theirs', ...gap])}</tfoot></table></div>`;
}

function countsTable(
  counts: Readonly<Record<DifferenceCode, number>>,
  differences: readonly Difference[],
): string {
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  return `<h2>按代码 By code</h2><div class="wide"><table><thead><tr><th>代码 Code</th><th>说明 Meaning</th>
<th class="n">笔数 Count</th><th class="n">我方 Ours</th><th class="n">渠道 Theirs</th></tr></thead><tbody>${rows
    .map(([code, count]) => {
      const { zh, en } = DIFFERENCE_LABELS[code as DifferenceCode];
      const of = differences.filter((difference) => difference.code === code);
      // Where only the fees differ, the amounts say nothing.
      const shown = (side: 'ours' | 'theirs'): string =>
        money(code === 'FEE' ? feeSum(of, side) : sum(of, `${side}Fen`));
      return `<tr><td>${code}</td><td>${zh} ${en}</td><td class="n">${count}</td>
<td class="n">${shown('ours')}</td><td class="n">${shown('theirs')}</td></tr>`;
    })
    .join('')}</tbody></table></div>`;
}

const CUTS = [
  ['department', '按科室 By department'],
  ['cashier', '按收费员 By cashier'],
  ['merchantId', '按商户 By merchant'],
  ['terminalId', '按终端 By terminal'],
  ['business', '按业务 By business'],
] as const;

/** Of a difference that does not say; the last row. */
const UNSAID = '—';

/** The same differences by what finance asks for; a cut that says nothing is left out. */
function cutTables(differences: readonly Difference[]): string {
  return CUTS.map(([name, title]) => {
    const groups = new Map<string, Difference[]>();
    for (const difference of differences) {
      const value = difference[name] ?? UNSAID;
      const group = groups.get(value);
      if (group === undefined) groups.set(value, [difference]);
      else group.push(difference);
    }
    if (groups.size < 2 || groups.size > 200) return '';
    const rows = [...groups].sort(([a], [b]) => (b === UNSAID || (a !== UNSAID && a < b) ? -1 : 1));
    return `<h2>${title}</h2><div class="wide"><table><thead><tr><th></th><th class="n">笔数 Count</th>
<th class="n">我方 Ours</th><th class="n">渠道 Theirs</th></tr></thead><tbody>${rows
      .map(([value, of]) =>
        tr([
          escaped(value),
          String(of.length),
          money(sum(of, 'oursFen')),
          money(sum(of, 'theirsFen')),
        ]),
      )
      .join('')}</tbody></table></div>`;
  }).join('');
}

function differencesTable(differences: readonly Difference[]): string {
  const rows = differences.slice(0, MOST_ROWS).map((difference) => {
    const cells = COLUMNS.map(({ kind, value }) => {
      const found = value(difference);
      if (kind === 'text') return `<td>${escaped(String(found ?? ''))}</td>`;
      return `<td class="n">${found === null ? '' : money(found as number)}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  const left = differences.length - rows.length;
  return `<h2>差异明细 Differences</h2><div class="wide"><table><thead><tr>${COLUMNS.map(
    ({ title, kind }) => `<th${kind === 'yuan' ? ' class="n"' : ''}>${title}</th>`,
  ).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>${
    left > 0
      ? `<p class="note">另有 ${left} 笔，见 CSV/XLSX。${left} more are in the CSV or XLSX.</p>`
      : ''
  }`;
}

/** With thousands apart: for people, not for spreadsheets. */
function money(fen: number): string {
  return yuanText(fen).replace(/\B(?=(\d{3})+\.)/g, ',');
}

function sum(differences: readonly Difference[], side: 'oursFen' | 'theirsFen'): number {
  return differences.reduce(
    (total, difference) =>
      total + (difference.type === 'refund' ? -1 : 1) * (difference[side] ?? 0),
    0,
  );
}

function feeSum(differences: readonly Difference[], side: 'ours' | 'theirs'): number {
  return differences.reduce((total, difference) => total + (difference[`${side}FeeFen`] ?? 0), 0);
}

/** The first cell is a name, the others are figures. */
function tr(cells: readonly string[]): string {
  const [name, ...figures] = cells;
  return `<tr><td>${name}</td>${figures.map((cell) => `<td class="n">${cell}</td>`).join('')}</tr>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
