/** The options of `serve` and `config` that are settings, and which of them were typed. */
import { type Command, Option } from 'commander';
import { parsePort, parseSize } from '../text/option-values.js';

/** Values of flags by the path of their setting; those that were not typed are not there. */
export type ServerFlags = Readonly<Record<string, unknown>>;

/** The setting of each option, by commander's name of it. */
const PATHS: Readonly<Record<string, string>> = {
  host: 'host',
  allowAnonymous: 'allowAnonymous',
  amqpPort: 'amqp.port',
  mqttPort: 'mqtt.port',
  httpPort: 'http.port',
  amqpsPort: 'amqp.tlsPort',
  mqttsPort: 'mqtt.tlsPort',
  httpsPort: 'http.tlsPort',
  tlsCertificate: 'tls.certificate',
  tlsKey: 'tls.key',
  tlsClientAuthorities: 'tls.clientAuthorities',
  undeclaredAmqp: 'undeclaredAddresses.amqp',
  data: 'data.directory',
  dataLimit: 'data.limit',
  apply: 'documents',
  logLevel: 'log.level',
  logFormat: 'log.format',
};

export function portOptions(): readonly Option[] {
  return [
    new Option('--amqp-port <port>', 'where AMQP 1.0 listens; 0 for any free one').argParser(parsePort).default(5672),
    new Option('--mqtt-port <port>', 'where MQTT listens').argParser(parsePort).default(1883),
    new Option('--http-port <port>', 'where the control API listens').argParser(parsePort).default(8080),
  ];
}

export function configOption(): Option {
  return new Option('--config <file>', 'settings as YAML; flags and the environment lie over it').env(
    'MILLRACE_CONFIG',
  );
}

export function addServerOptions(command: Command): Command {
  command.addOption(configOption()).option('--host <host>', 'the network address to listen on', '127.0.0.1');
  for (const option of portOptions()) command.addOption(option);
  return command
    .option('--data <directory>', 'keep messages, documents and state here, across restarts and crashes')
    .addOption(
      new Option(
        '--data-limit <size>',
        'bytes of all files there, such as 10GiB; default: no limit but the disk',
      ).argParser(parseSize),
    )
    .option('--apply <file...>', 'documents to apply before it is ready: files, or folders of them')
    .addOption(
      new Option('--undeclared-amqp <what>', 'what an AMQP client gets that names an address without a document')
        .choices(['refuse', 'queue', 'topic'])
        .default('refuse'),
    )
    .option('--tls-certificate <file>', 'PEM of the server certificate: opens the ports with TLS')
    .option('--tls-key <file>', 'PEM of its key')
    .option('--tls-client-authorities <file>', 'PEM of authorities whose client certificates are taken')
    .addOption(new Option('--amqps-port <port>', 'where AMQP listens with TLS').argParser(parsePort).default(5671))
    .addOption(new Option('--mqtts-port <port>', 'where MQTT listens with TLS').argParser(parsePort).default(8883))
    .addOption(new Option('--https-port <port>', 'where HTTP listens with TLS').argParser(parsePort).default(8443))
    .option('--allow-anonymous', 'listen where other machines can reach it although there are no users')
    .addOption(
      new Option('--log-level <level>', 'the least that is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'lines for people, or one JSON object a line')
        .choices(['text', 'json'])
        .default('text'),
    );
}

/** What was typed alone: what commander has by default lies under file and environment. */
export function typedFlags(command: Command): ServerFlags {
  const flags: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(PATHS)) {
    if (command.getOptionValueSource(name) === 'cli') flags[path] = command.getOptionValue(name);
  }
  return flags;
}
