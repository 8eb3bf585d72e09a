/**
 * The pages that patients see on a phone: a bill, the list of what can be fetched of it, and the form
 * that verifies one by its five elements. No script, no outside resource.
 */

import type { Bill, BillState } from '../bill/bill.ts';
import { escapeText } from '../bill/xml-writer.ts';
import { billFace, type Face, type Label, stateText } from './face.ts';
import { PAGE_PATH } from './link.ts';
import { qrSvg } from './qr.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,"Noto Sans SC",sans-serif;margin:0;background:#f4f4f4;color:#222}' +
  'main{max-width:40rem;margin:0 auto;background:#fff;padding:1rem 1rem 2rem}' +
  'h1{font-size:1.15rem;color:#b00020;text-align:center}' +
  'table{width:100%;border-collapse:collapse;margin:0 0 1rem}' +
  'td,th{padding:.35rem .3rem;border-bottom:1px solid #e4e4e4;text-align:left;vertical-align:top;overflow-wrap:anywhere}' +
  'table.labels td:first-child{width:46%;color:#666}td.n,th.n{text-align:right;white-space:nowrap}' +
  '.state{text-align:center;font-weight:600}.total{font-weight:600}summary{padding:.5rem 0;color:#06c}' +
  '.files{display:flex;gap:.6rem}.files a,button{flex:1;display:block;width:100%;box-sizing:border-box;' +
  'padding:.6rem;border:1px solid #06c;border-radius:.4rem;text-align:center;text-decoration:none;font:inherit;color:#06c;background:#fff}' +
  'button{margin-top:1rem;background:#06c;color:#fff}label{display:block;margin:.7rem 0}' +
  'input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #999;border-radius:.3rem}' +
  'svg{display:block;margin:1rem auto}';

/** What may be fetched of the bill: `pdf`, `ofd`, `xml`. */
export function billPage(bill: Bill, state: BillState): string {
  const face = billFace(bill);
  const query = `c=${bill.billCode}&amp;n=${bill.billNumber}&amp;k=${bill.checkCode}`;
  const files = ['pdf', 'ofd', 'xml']
    .map((kind) => `<a href="${PAGE_PATH}/${kind}?${query}">${kind.toUpperCase()}</a>`)
    .join('');
  const lines = face.lines
    .map(({ name, amount }) => `<tr><td>${escapeText(name)}</td><td class="n">${amount}</td></tr>`)
    .join('');
  return page(
    face.title,
    `<p class="state">${stateText(state, bill.kind)}</p>${labelTable(face.head)}` +
      `<table><tr><th>项目</th><th class="n">金额（元）</th></tr>${lines}</table>` +
      `<p class="total">合计：${escapeText(face.total.capital)}（${face.total.figures} 元）</p>` +
      `${chargeList(face.list)}${labelTable(face.others)}${labelTable(face.foot)}` +
      `${qrSvg(face.link)}<p class="files">${files}</p>`,
  );
}

/** 医疗收费明细, folded up: it may be long. */
function chargeList(list: Face['list']): string {
  if (list.length === 0) return '';
  const rows = list.map(({ name, specification, quantity, amount }) => {
    const what = [name, specification].filter(Boolean).map(escapeText).join('<br>');
    const much = `<td class="n">${escapeText(quantity)}</td><td class="n">${escapeText(amount)}</td>`;
    return `<tr><td>${what}</td>${much}</tr>`;
  });
  const head = '<tr><th>名称、规格</th><th class="n">数量</th><th class="n">金额</th></tr>';
  const summary = `<summary>医疗收费明细（${list.length} 项）</summary>`;
  return `<details>${summary}<table>${head}${rows.join('')}</table></details>`;
}

/** 查验: all five elements have to be right; what was wrong is never said. */
export function verifyPage(message: string): string {
  const fields: [name: string, label: string][] = [
    ['code', '票据代码'],
    ['number', '票据号码'],
    ['check', '校验码'],
    ['date', '开票日期（如 20261122）'],
    ['amount', '金额（元）'],
  ];
  const inputs = fields
    .map(([name, label]) => `<label>${label}<input name="${name}" required maxlength="20"></label>`)
    .join('');
  const said = message === '' ? '' : `<p class="state">${escapeText(message)}</p>`;
  const form = `<form method="get" action="${PAGE_PATH}/verify">${inputs}<button>查验</button></form>`;
  return page('电子票据查验', said + form);
}

export function messagePage(message: string): string {
  return page('电子票据', `<p class="state">${escapeText(message)}</p>`);
}

function labelTable(labels: readonly Label[]): string {
  const rows = labels.map(({ label, value }) => {
    return `<tr><td>${escapeText(label)}</td><td>${escapeText(value)}</td></tr>`;
  });
  return `<table class="labels">${rows.join('')}</table>`;
}

function page(title: string, body: string): string {
  return (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    `<title>${escapeText(title)}</title><style>${STYLE}</style></head>` +
    `<body><main><h1>${escapeText(title)}</h1>${body}</main></body></html>`
  );
}
