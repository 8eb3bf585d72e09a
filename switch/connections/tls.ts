/** TLS on a listener: our certificate, and, where it is asked for, the client's. */
import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { ListenerConfig } from '../../config/schema.ts';

export type TlsSettings = NonNullable<ListenerConfig['tls']>;

/** A peer has so long for its handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * A server that gives sockets after their handshake. A peer whose certificate is missing, not signed
 * by the authority, or of another name is told so by TLS, and `refused` gets the reason.
 */
export function createTlsServer(
  { certificate, key, clientAuthority, clientNames }: TlsSettings,
  accept: (socket: Socket) => void,
  refused: (remote: string, reason: string) => void,
): Server {
  const asked = clientAuthority !== undefined;
  const server = createServer(
    {
      cert: readFileSync(certificate),
      key: readFileSync(key),
      ...(asked ? { ca: readFileSync(clientAuthority) } : {}),
      requestCert: asked,
      rejectUnauthorized: asked,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      allowHalfOpen: true,
    },
    (socket) => {
      if (clientNames === undefined || clientNames.includes(commonName(socket))) accept(socket);
      else {
        refused(socket.remoteAddress ?? '', 'tls-client-name');
        socket.destroy();
      }
    },
  );
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    refused(socket.remoteAddress ?? '', `tls-${error.code ?? 'error'}`);
  });
  return server;
}

function commonName(socket: TLSSocket): string {
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : '';
}
