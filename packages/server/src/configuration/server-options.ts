import type { Log } from '../log/log.js';
import type { ServerOptions } from '../options.js';
import type { Configuration } from './schema.js';

/** What `startServer` takes of a configuration. Documents and the log are the caller's. */
export function serverOptionsOf(configuration: Configuration, log: Log): ServerOptions {
  const { amqp, mqtt, http, data, undeclaredAddresses, metrics, stop } = configuration;
  return {
    host: configuration.host,
    allowAnonymous: configuration.allowAnonymous,
    amqpPort: amqp.port,
    mqttPort: mqtt.port,
    httpPort: http.port,
    amqpsPort: amqp.tlsPort,
    mqttsPort: mqtt.tlsPort,
    httpsPort: http.tlsPort,
    ...tlsOf(configuration),
    allowedHosts: http.allowedHosts,
    allowedOrigins: http.allowedOrigins,
    undeclaredAmqp: undeclaredAddresses.amqp,
    undeclaredMqtt: undeclaredAddresses.mqtt,
    ...(data.directory === undefined ? {} : { dataDirectory: data.directory }),
    ...(data.limit === undefined ? {} : { dataLimitBytes: data.limit }),
    metrics,
    stopGraceMs: stop.grace,
    log,
  };
}

function tlsOf({ tls: { certificate, key, clientAuthorities } }: Configuration): Pick<ServerOptions, 'tls'> {
  if (certificate === undefined || key === undefined) return {};
  return { tls: { certificate, key, ...(clientAuthorities === undefined ? {} : { clientAuthorities }) } };
}
