import { SparkClientError } from './errors.js';

/**
 * Connection strings as the other clients of Spark Connect have them:
 *
 *     sc://host[:port][/[;name=value]…]
 *
 * | name | means |
 * |---|---|
 * | `token` | bearer token; turns TLS on unless the host is this machine |
 * | `use_ssl` | `true` or `false` |
 * | `user_id` | who the session belongs to |
 * | `session_id` | a UUID: the session to take up again or to make |
 * | `user_agent` | what the server's pages show as the client |
 * | any other | is sent as a header with each call |
 *
 * Names and values are percent-decoded.
 */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly token: string | undefined;
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  readonly userAgent: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 15002;
const USER_AGENT_LENGTH_MAX = 2048;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;
/** Header names as gRPC allows them; `-bin` would have to be base64. */
const HEADER_NAME = /^[0-9a-z_.-]+$/;

function refuse(problem: string): never {
  throw new SparkClientError(`connection string: ${problem}`);
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`"${text}" is not percent-encoded text`);
  }
}

function parseAuthority(authority: string): { host: string; port: number } {
  const match = /^(\[[0-9a-f:.%]+\]|[^:[\]@\s]+)(?::(\d*))?$/i.exec(authority);
  if (match === null) return refuse(`"${authority}" is not a host with an optional port`);
  const [, host = '', digits] = match;
  if (digits === undefined) return { host, port: DEFAULT_PORT };
  const port = Number(digits);
  if (digits === '' || port < 1 || port > 65535) refuse(`the port "${digits}" is not a number from 1 to 65535`);
  return { host, port };
}

function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) refuse(`"${part}" is not name=value`);
    const name = decode(part.slice(0, equals)).trim();
    if (parameters.has(name)) refuse(`${name} is given twice`);
    parameters.set(name, decode(part.slice(equals + 1)));
  }
  return parameters;
}

function takeFlag(parameters: Map<string, string>, name: string): boolean | undefined {
  const value = parameters.get(name)?.toLowerCase();
  parameters.delete(name);
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') refuse(`${name} is "${value}", it may be true or false`);
  return value === 'true';
}

function takeText(parameters: Map<string, string>, name: string): string | undefined {
  const value = parameters.get(name);
  parameters.delete(name);
  if (value === '') refuse(`${name} is empty`);
  return value;
}

function toHeaders(parameters: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of parameters) {
    const lowered = name.toLowerCase();
    if (!HEADER_NAME.test(lowered) || lowered.endsWith('-bin') || lowered.startsWith('grpc-'))
      refuse(`"${name}" cannot be the name of a header`);
    if (!/^[\x20-\x7e]*$/.test(value)) refuse(`the value of ${name} has characters that a header cannot have`);
    headers[lowered] = value;
  }
  return headers;
}

/** What is known apart from the string, and goes before it. */
export interface ConnectionOverrides {
  readonly token?: string | undefined;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** @throws SparkClientError that says which part is wrong. */
export function parseConnectionString(text: string, overrides: ConnectionOverrides = {}): ConnectionSettings {
  const match = /^sc:\/\/([^/;?#]+)(?:\/(.*))?$/s.exec(text.trim());
  if (match === null) return refuse('it must be like sc://host:15002/;token=…;use_ssl=true');
  const [, authority = '', rest = ''] = match;
  if (rest !== '' && !rest.startsWith(';')) refuse(`"/${rest}" is a path; parameters follow as /;name=value`);
  const { host, port } = parseAuthority(authority);
  const parameters = parseParameters(rest);
  const givenToken = takeText(parameters, 'token');
  const token = overrides.token ?? givenToken;
  const wantsTls = takeFlag(parameters, 'use_ssl');
  const isLoopback = LOOPBACK.test(host);
  if (token !== undefined && wantsTls === false && !isLoopback)
    refuse('use_ssl=false would send the token unencrypted to another machine');
  const givenSessionId = takeText(parameters, 'session_id');
  const sessionId = overrides.sessionId ?? givenSessionId;
  if (sessionId !== undefined && !isUuid(sessionId)) refuse(`session_id "${sessionId}" is not a UUID`);
  const userAgent = takeText(parameters, 'user_agent');
  if (userAgent !== undefined && userAgent.length > USER_AGENT_LENGTH_MAX)
    refuse(`user_agent is longer than ${USER_AGENT_LENGTH_MAX} characters`);
  const givenUserId = takeText(parameters, 'user_id');
  return {
    host,
    port,
    tls: wantsTls ?? (token !== undefined && !isLoopback),
    token,
    userId: overrides.userId ?? givenUserId,
    sessionId: sessionId?.toLowerCase(),
    userAgent,
    headers: toHeaders(parameters),
  };
}
