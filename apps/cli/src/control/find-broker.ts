import { CommandError } from '../command-error.js';
import { type BrokerUrl, parseBrokerUrl } from '../messaging/broker-url.js';
import type { Terminal } from '../terminal.js';
import { type ControlOptions, openControlClient } from './open-control-client.js';

const ANY_HOST = new Set(['0.0.0.0', '::', '']);

/** Where to send or receive: `--url`, or else the endpoint that the server names. @throws CommandError */
export async function findBroker(
  terminal: Terminal,
  options: ControlOptions & { readonly url?: string },
  protocol: 'amqp' | 'mqtt',
): Promise<BrokerUrl> {
  if (options.url !== undefined) return parseBrokerUrl(options.url, terminal.environment);
  const client = await openControlClient(terminal, options);
  const { endpoints } = await client.status();
  const fitting = endpoints.filter((endpoint) => endpoint.protocol === protocol);
  // TLS where both are open: the way to the server may be long.
  const endpoint = fitting.find(({ tls }) => tls) ?? fitting[0];
  if (endpoint === undefined) {
    throw new CommandError(`the server has no endpoint for ${protocol}`, { where: [`at ${options.server}`] });
  }
  return {
    protocol,
    host: ANY_HOST.has(endpoint.host) ? new URL(options.server).hostname.replace(/^\[|\]$/g, '') : endpoint.host,
    port: endpoint.port,
    tls: endpoint.tls,
    username: terminal.environment.MILLRACE_USERNAME,
    password: terminal.environment.MILLRACE_PASSWORD,
  };
}
