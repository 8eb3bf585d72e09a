/**
 * The HTTP server: uWebSockets.js behind a door of our own, so that another server can take its
 * place. The application knows nothing of it: it gets a whole request, and gives a response.
 */
import uws, { type HttpRequest, type HttpResponse, type us_listen_socket } from 'uWebSockets.js';
import { AddressError } from '../switch/connections/bind-socket.ts';
import { ApiProblem } from './problem.ts';
import { type ApiResponse, statusLine } from './response.ts';

export interface ApiRequest {
  /** Lower case. */
  method: string;
  /** As it came, percent signs and all. */
  path: string;
  /** Behind the question mark, as it came. */
  query: string;
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>;
  body: Buffer;
  remoteAddress: string;
}

/** What is asked of whoever answers the requests. */
export interface ApiApplication {
  /** How long a body may be there; asked before the body is read. */
  bodyBytesMax(method: string, path: string): number;
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** The answer to a request whose body is not taken. */
  refusal(path: string, problem: ApiProblem): ApiResponse;
}

export interface ApiServer {
  readonly port: number;
  close(): void;
}

/** Bodies that are being received at once, all together. */
const RECEIVING_BYTES_MAX = 256 << 20;

/** Serves the application. Rejects when the address cannot be had. */
export function serveHttp(
  address: string,
  port: number,
  application: ApiApplication,
): Promise<ApiServer> {
  const app = uws.App();
  const bodies = new Bodies();
  app.any('/*', (response, request) => answer(response, request, application, bodies));
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

function answer(
  response: HttpResponse,
  request: HttpRequest,
  application: ApiApplication,
  bodies: Bodies,
): void {
  const headers = new Map<string, string>();
  request.forEach((name, value) => {
    // A header that is given twice is one value with a comma: what takes one value refuses it then.
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  const method = request.getMethod();
  const path = request.getUrl();
  const query = request.getQuery();
  const remoteAddress = Buffer.from(response.getRemoteAddressAsText()).toString();
  let isOpen = true;
  const finish = (result: ApiResponse) => {
    if (isOpen) send(response, method, result);
    isOpen = false;
  };
  const receiving = bodies.receive({
    bytesMax: application.bodyBytesMax(method, path),
    refuse: (problem) => finish(application.refusal(path, problem)),
    done: (body) => {
      const whole = { method, path, query, headers, body, remoteAddress };
      application.handle(whole).then(finish, failLoudly);
    },
  });
  response.onAborted(() => {
    isOpen = false;
    receiving.end();
  });
  response.onData((chunk, isLast) => receiving.add(chunk, isLast));
  // Last, because a response that was answered takes no more listeners.
  receiving.declare(Number(headers.get('content-length') ?? 0));
}

/** The application answers every request; one that throws has a fault that must not be hidden. */
function failLoudly(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

interface BodyWanted {
  bytesMax: number;
  done: (body: Buffer) => void;
  refuse: (problem: ApiProblem) => void;
}

/** The bodies that are being received, and the memory that they take together. */
class Bodies {
  bytes = 0;

  receive(wanted: BodyWanted): ReceivedBody {
    return new ReceivedBody(this, wanted);
  }
}

/** One body: collected up to its limit, then given on; too long a one is refused at once. */
class ReceivedBody {
  readonly #all: Bodies;
  readonly #wanted: BodyWanted;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;

  constructor(all: Bodies, wanted: BodyWanted) {
    this.#all = all;
    this.#wanted = wanted;
  }

  /** What the sender says that it will send. */
  declare(length: number): void {
    if (length > this.#wanted.bytesMax && !this.#ended) this.#refuseLength();
  }

  add(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#ended) return;
    this.#length += chunk.byteLength;
    this.#all.bytes += chunk.byteLength;
    if (this.#length > this.#wanted.bytesMax) this.#refuseLength();
    else if (this.#all.bytes > RECEIVING_BYTES_MAX) {
      this.#refuse(new ApiProblem(503, 'busy', 'Too much is being sent at once: try again.'));
    } else {
      // The chunk's memory is the server's own and is used again.
      this.#chunks.push(Buffer.from(chunk.slice(0)));
      if (!isLast) return;
      const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
      this.end();
      this.#wanted.done(body);
    }
  }

  /** Nothing more is taken. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#all.bytes -= this.#length;
  }

  #refuseLength(): void {
    const detail = `The body may have ${this.#wanted.bytesMax} bytes here.`;
    this.#refuse(new ApiProblem(413, 'body_too_large', detail));
  }

  #refuse(problem: ApiProblem): void {
    this.end();
    this.#wanted.refuse(problem);
  }
}

function send(response: HttpResponse, method: string, result: ApiResponse): void {
  response.cork(() => {
    response.writeStatus(statusLine(result.status));
    response.writeHeader('Content-Type', result.contentType);
    response.writeHeader('X-Content-Type-Options', 'nosniff');
    for (const [name, value] of Object.entries(result.headers ?? {})) {
      response.writeHeader(name, value);
    }
    // Whoever sends too much is not listened to any longer.
    response.end(method === 'head' ? '' : result.body, result.status === 413);
  });
}
