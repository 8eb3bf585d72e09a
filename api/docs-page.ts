/** `/docs`: the API's document as a page to try it, served from this process alone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PlainHandler } from './dispatcher.ts';
import { json } from './response.ts';

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const FILES: [name: string, contentType: string][] = [
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
];

/** Nothing comes from elsewhere and nothing goes elsewhere. The page's own styles are inline. */
const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Referrer-Policy': 'no-referrer',
};

const PAGE = `<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<title>posp API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** Sessions are cookies of this page; a key for calls that change something is made for each try. */
const START = `window.ui = SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  tryItOutEnabled: true,
  requestInterceptor: (request) => {
    const needsKey = request.method !== 'GET' && !request.headers['Idempotency-Key'];
    if (needsKey) request.headers['Idempotency-Key'] = crypto.randomUUID();
    return request;
  },
});
`;

/** The page's paths, and the document itself. */
export function docsPages(document: object): Map<string, PlainHandler> {
  const page = textPage(PAGE, 'text/html; charset=utf-8');
  const pages = new Map<string, PlainHandler>([
    ['/docs', page],
    ['/docs/', page],
    ['/docs/start.js', textPage(START, 'text/javascript; charset=utf-8')],
    ['/v1/openapi.json', () => json(document)],
  ]);
  for (const [name, contentType] of FILES) {
    let body: Buffer | null = null;
    pages.set(`/docs/${name}`, () => {
      body ??= readFileSync(join(folder, name));
      return { status: 200, contentType, body, headers: SECURITY_HEADERS };
    });
  }
  return pages;
}

function textPage(body: string, contentType: string): PlainHandler {
  return () => ({ status: 200, contentType, body, headers: SECURITY_HEADERS });
}
