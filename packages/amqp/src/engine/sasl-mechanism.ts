/** SASL mechanisms of a client (AMQP 1.0 §5.3). Others, as SCRAM, implement the same interface. */
import { AmqpError, Condition } from '../amqp-error.js';

export interface SaslMechanism {
  readonly name: string;
  initialResponse(): Uint8Array | undefined;
  /** @throws AmqpError when the mechanism expects no such challenge */
  respond(challenge: Uint8Array): Uint8Array;
  /**
   * The peer says yes. `data` comes along with it, and is undefined when nothing does.
   * @throws AmqpError when the peer has not shown that it is who it has to be
   */
  finish?(data: Uint8Array | undefined): void;
}

/** RFC 4505. @param trace said to the server; nobody checks it */
export function saslAnonymous(trace = 'anonymous'): SaslMechanism {
  return { name: 'ANONYMOUS', initialResponse: () => Buffer.from(trace), respond: refuseChallenge };
}

/** RFC 4616. The password crosses the wire as it is: use it over TLS. */
export function saslPlain(username: string, password: string): SaslMechanism {
  return { name: 'PLAIN', initialResponse: () => Buffer.from(`\0${username}\0${password}`), respond: refuseChallenge };
}

/** RFC 4422 appendix A: who the client is, TLS has said. */
export function saslExternal(identity = ''): SaslMechanism {
  return { name: 'EXTERNAL', initialResponse: () => Buffer.from(identity), respond: refuseChallenge };
}

function refuseChallenge(): never {
  throw new AmqpError(Condition.notAllowed, 'the mechanism has no challenges');
}

/** What a PLAIN response says. @returns undefined when it is none */
export function parsePlain(response: Uint8Array): { readonly username: string; readonly password: string } | undefined {
  const parts = Buffer.from(response).toString('utf8').split('\0');
  if (parts.length !== 3) return undefined;
  return { username: parts[1]!, password: parts[2]! };
}
