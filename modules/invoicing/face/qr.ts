/** QR codes as squares: for the layout files and for pages. */
import { encode } from 'uqr';

/** Rows of dark and light; with a quiet zone of one square. */
export function qrSquares(text: string): boolean[][] {
  return encode(text, { ecc: 'M', border: 1 }).data;
}

/** The code as SVG, black squares on white. */
export function qrSvg(text: string, sizePixels = 160): string {
  const rows = qrSquares(text);
  const path = rows
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  const view = `viewBox="0 0 ${rows.length} ${rows.length}" shape-rendering="crispEdges"`;
  const size = `width="${sizePixels}" height="${sizePixels}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${view}><path fill="#fff" d="M0 0h${rows.length}v${rows.length}H0z"/><path d="${path}"/></svg>`;
}
