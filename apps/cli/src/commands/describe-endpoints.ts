import type { ServerEndpoint } from '@millrace/contract';

/** "millrace ready: amqp://127.0.0.1:5672 mqtt://127.0.0.1:1883 http://127.0.0.1:8080" */
export function describeEndpoints(endpoints: readonly ServerEndpoint[]): string {
  return `millrace ready: ${endpoints.map(endpointUrl).join(' ')}`;
}

export function endpointUrl(endpoint: ServerEndpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.protocol}${endpoint.tls ? 's' : ''}://${host}:${endpoint.port}`;
}
