/**
 * Who sends a request: HTTP's Basic (RFC 7617) and Bearer (RFC 6750), or the client's certificate. While there are no
 * users, whatever is sent is let in as nobody.
 */
import type { IncomingMessage } from 'node:http';
import { ProblemError, problemError, problemOf } from '@millrace/contract';
import type { AccessControl, Authentication, ClientCertificate, Origin, Principal } from '@millrace/security';

/** The other end of a request's connection. */
export interface Peer {
  readonly host: string;
  readonly encrypted: boolean;
  readonly certificate?: ClientCertificate;
}

/** Of a request that came over no socket. */
export const INSIDE: Peer = { host: '127.0.0.1', encrypted: false };

export type Authenticate = (request: Request, peer: Peer) => Principal | Promise<Principal>;

export function peerOf(message: IncomingMessage | undefined): Peer {
  if (message === undefined) return INSIDE;
  const { socket } = message;
  const encrypted = 'encrypted' in socket && socket.encrypted === true;
  return { host: socket.remoteAddress ?? '', encrypted };
}

/** @throws ProblemError unauthenticated, busy */
export function httpAuthentication({ authenticator }: Pick<AccessControl, 'authenticator'>): Authenticate {
  return async (request, peer) => {
    const origin: Origin = { protocol: 'http', ...peer };
    const header = request.headers.get('authorization');
    const outcome = await ask(header);
    if (outcome.ok) return outcome.principal;
    if (outcome.busy === true) {
      throw problemError('busy', 'there are too many logins, or too many that failed: try again in a while');
    }
    const detail =
      header === null ? 'this server lets in users alone' : 'unknown user, wrong password or invalid token';
    throw new ProblemError(problemOf('unauthenticated', detail));

    function ask(credentials: string | null): Promise<Authentication> {
      if (credentials === null) return authenticator.password(undefined, undefined, origin);
      const [, scheme = '', value = ''] = /^([A-Za-z]+) +(.+)$/.exec(credentials.trim()) ?? [];
      switch (scheme.toLowerCase()) {
        case 'bearer':
          return authenticator.token(value, origin);
        case 'basic': {
          const bytes = Buffer.from(value, 'base64');
          const colon = bytes.indexOf(0x3a);
          if (colon < 0) return authenticator.password('', bytes, origin);
          return authenticator.password(bytes.toString('utf8', 0, colon), bytes.subarray(colon + 1), origin);
        }
        default:
          // Neither, so nothing that could be right; the authenticator notes it, and lets in where all are.
          return authenticator.password('', Buffer.alloc(0), origin);
      }
    }
  };
}

/**
 * What is asked for with 401 (RFC 9110 §11.6.1). A page's own requests are not offered Basic: the browser would ask for a
 * password over it, and send that along with everything from then on.
 */
export function challengesFor(request: Request): string {
  const bearer = 'Bearer realm="millrace"';
  const mode = request.headers.get('sec-fetch-mode');
  return mode !== null && mode !== 'navigate' ? bearer : `Basic realm="millrace", charset="UTF-8", ${bearer}`;
}
