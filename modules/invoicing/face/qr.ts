/** QR codes as squares: for the layout files, for pages, and as a picture for the printers of hospital software. */
import { deflateSync } from 'node:zlib';
import { encode } from 'uqr';

/** Rows of dark and light; with a quiet zone of so many squares. */
export function qrSquares(text: string, quietZone = 1): boolean[][] {
  return encode(text, { ecc: 'M', border: quietZone }).data;
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

const SQUARE_PIXELS = 4;
/** What a scanner wants around the code. */
const QUIET_ZONE = 4;

/** The code as PNG, one bit a pixel. */
export function qrPng(text: string): Buffer {
  const rows = qrSquares(text, QUIET_ZONE);
  const side = rows.length * SQUARE_PIXELS;
  const lineBytes = Math.ceil(side / 8);
  const lines = rows.flatMap((row) => {
    const line = Buffer.alloc(1 + lineBytes);
    for (let x = 0; x < side; x++) {
      const isLight = !row[Math.floor(x / SQUARE_PIXELS)];
      if (isLight) line[1 + (x >> 3)]! |= 0x80 >> (x & 7);
    }
    return Array.from({ length: SQUARE_PIXELS }, () => line);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // One bit of grey a pixel; the other three bytes are the only values that PNG knows.
  header[8] = 1;
  return Buffer.concat([
    Buffer.from('89504E470D0A1A0A', 'hex'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.concat(lines))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const inner = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(inner.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  inner.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(inner), inner.length + 4);
  return chunk;
}

/** The check value of PNG; Node's own came only with 20.15. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
