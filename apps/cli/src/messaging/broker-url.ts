import { usageError } from '../command-error.js';

/** Where messages go to or come from, as `--url` names it. */
export interface BrokerUrl {
  readonly protocol: 'amqp' | 'mqtt';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const SCHEMES = {
  amqp: { protocol: 'amqp', tls: false, port: 5672 },
  amqps: { protocol: 'amqp', tls: true, port: 5671 },
  mqtt: { protocol: 'mqtt', tls: false, port: 1883 },
  mqtts: { protocol: 'mqtt', tls: true, port: 8883 },
} as const;

/**
 * Credentials stand in the URL, or in MILLRACE_USERNAME and MILLRACE_PASSWORD, where no process list shows them.
 * @throws CommandError wrong usage
 */
export function parseBrokerUrl(text: string, environment: Readonly<Record<string, string | undefined>>): BrokerUrl {
  if (!URL.canParse(text)) throw usageError(`"${text}" is no URL`, '--url amqp://127.0.0.1:5672');
  const url = new URL(text);
  const name = url.protocol.slice(0, -1);
  if (name === 'ws' || name === 'wss') {
    throw usageError('this version does not publish or receive over WebSocket', '--url amqp://… or --url mqtt://…');
  }
  if (!Object.hasOwn(SCHEMES, name)) {
    throw usageError(`"${name}:" is no protocol for messages`, `one of ${Object.keys(SCHEMES).join(', ')}`);
  }
  const scheme = SCHEMES[name as keyof typeof SCHEMES];
  if (url.hostname === '') throw usageError(`"${text}" names no host`, `--url ${name}://127.0.0.1:${scheme.port}`);
  return {
    protocol: scheme.protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? scheme.port : Number(url.port),
    tls: scheme.tls,
    username: url.username === '' ? environment.MILLRACE_USERNAME : decodeURIComponent(url.username),
    password: url.password === '' ? environment.MILLRACE_PASSWORD : decodeURIComponent(url.password),
  };
}

/** The URL without its password. */
export function formatBrokerUrl(url: BrokerUrl): string {
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  return `${url.protocol}${url.tls ? 's' : ''}://${host}:${url.port}`;
}
