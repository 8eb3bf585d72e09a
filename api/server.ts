/**
 * The HTTP server: uWebSockets.js behind a door of our own, so that another server can take its
 * place. Handlers know nothing of it: they get a request, and give a response.
 */

import uws, { type HttpRequest, type HttpResponse, type us_listen_socket } from 'uWebSockets.js';
import { AddressError } from '../switch/connections/bind-socket.ts';

export interface ApiRequest {
  method: string;
  path: string;
  query: string;
}

export interface ApiResponse {
  status: number;
  contentType: string;
  body: string;
}

export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse> | ApiResponse;

export interface ApiServer {
  readonly port: number;
  close(): void;
}

const REASONS: Record<number, string> = {
  200: '200 OK',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
};

/** Serves the routes, by path. Rejects when the address cannot be had. */
export function serveHttp(
  address: string,
  port: number,
  routes: ReadonlyMap<string, ApiHandler>,
): Promise<ApiServer> {
  const app = uws.App();
  app.any('/*', (response, request) => {
    answer(response, requestOf(request), routes).catch((error) => {
      throw error;
    });
  });
  return new Promise((resolve, reject) => {
    app.listen(address, port, (socket: us_listen_socket | false) => {
      if (socket === false) {
        reject(new AddressError(address, port));
        return;
      }
      resolve({
        port: uws.us_socket_local_port(socket),
        close: () => uws.us_listen_socket_close(socket),
      });
    });
  });
}

function requestOf(request: HttpRequest): ApiRequest {
  return { method: request.getMethod(), path: request.getUrl(), query: request.getQuery() };
}

async function answer(
  response: HttpResponse,
  request: ApiRequest,
  routes: ReadonlyMap<string, ApiHandler>,
): Promise<void> {
  let aborted = false;
  response.onAborted(() => {
    aborted = true;
  });
  const { status, contentType, body } = await responseTo(request, routes);
  if (aborted) return;
  response.cork(() => {
    response.writeStatus(REASONS[status] ?? String(status));
    response.writeHeader('Content-Type', contentType);
    response.writeHeader('X-Content-Type-Options', 'nosniff');
    response.end(request.method === 'head' ? '' : body);
  });
}

async function responseTo(
  request: ApiRequest,
  routes: ReadonlyMap<string, ApiHandler>,
): Promise<ApiResponse> {
  const handler = routes.get(request.path);
  if (handler === undefined) return problem(404, 'There is nothing at this path.');
  if (request.method !== 'get' && request.method !== 'head') {
    return problem(405, 'This path is only for reading.');
  }
  return handler(request);
}

/** An error as RFC 9457 has it. */
export function problem(status: number, detail: string): ApiResponse {
  const title = (REASONS[status] ?? '').slice(4);
  const body = JSON.stringify({ type: 'about:blank', title, status, detail });
  return { status, contentType: 'application/problem+json', body };
}

/** A JSON document. */
export function json(value: unknown, status = 200): ApiResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}
