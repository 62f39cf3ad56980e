/** Every setting: where it stands in the file, how else it is given, and when a change of it comes into force. */

export interface Setting {
  /** As in the file, with dots: `amqp.port`. */
  readonly path: string;
  /** The option of `millrace serve`, where it has one. */
  readonly flag?: string;
  /** How a text in the environment is read. `list`: separated by commas. */
  readonly reads: 'text' | 'number' | 'boolean' | 'list' | 'amount';
  /** Names files: what the file says is meant from the file's own folder, not from where the server was started. */
  readonly isPath?: true;
  /** `live`: at SIGHUP. `restart`: when the server is started again. */
  readonly changes: 'live' | 'restart';
  /** One sentence for the reference. */
  readonly means: string;
}

export const SETTINGS: readonly Setting[] = [
  {
    path: 'host',
    flag: '--host',
    reads: 'text',
    changes: 'restart',
    means: 'The network address that all listeners listen on.',
  },
  {
    path: 'allowAnonymous',
    flag: '--allow-anonymous',
    reads: 'boolean',
    changes: 'restart',
    means: 'Listen where other machines can reach it although there are no users.',
  },
  {
    path: 'amqp.port',
    flag: '--amqp-port',
    reads: 'number',
    changes: 'restart',
    means: 'Where AMQP 1.0 listens; 0 for any free port.',
  },
  {
    path: 'amqp.tlsPort',
    flag: '--amqps-port',
    reads: 'number',
    changes: 'restart',
    means: 'Where AMQP listens with TLS.',
  },
  {
    path: 'mqtt.port',
    flag: '--mqtt-port',
    reads: 'number',
    changes: 'restart',
    means: 'Where MQTT listens; 0 for any free port.',
  },
  {
    path: 'mqtt.tlsPort',
    flag: '--mqtts-port',
    reads: 'number',
    changes: 'restart',
    means: 'Where MQTT listens with TLS.',
  },
  {
    path: 'http.port',
    flag: '--http-port',
    reads: 'number',
    changes: 'restart',
    means: 'Where the control API listens; 0 for any free port.',
  },
  {
    path: 'http.tlsPort',
    flag: '--https-port',
    reads: 'number',
    changes: 'restart',
    means: 'Where HTTP listens with TLS.',
  },
  {
    path: 'http.allowedHosts',
    reads: 'list',
    changes: 'restart',
    means: 'Host names, without port, that HTTP answers to beside loopback and `host`.',
  },
  {
    path: 'http.allowedOrigins',
    reads: 'list',
    changes: 'restart',
    means: 'Origins, such as `https://console.example.com`, whose pages may call the control API.',
  },
  {
    path: 'tls.certificate',
    flag: '--tls-certificate',
    reads: 'text',
    isPath: true,
    changes: 'restart',
    means:
      'PEM of the server certificate and what it is signed by: opens the ports with TLS. What is in the files is read again every 10 s and at SIGHUP.',
  },
  {
    path: 'tls.key',
    flag: '--tls-key',
    reads: 'text',
    isPath: true,
    changes: 'restart',
    means: 'PEM of its key.',
  },
  {
    path: 'tls.clientAuthorities',
    flag: '--tls-client-authorities',
    reads: 'text',
    isPath: true,
    changes: 'restart',
    means: 'PEM of authorities whose client certificates are taken.',
  },
  {
    path: 'undeclaredAddresses.amqp',
    flag: '--undeclared-amqp',
    reads: 'text',
    changes: 'restart',
    means: 'What an AMQP client gets that names an address without a document: `refuse`, `queue` or `topic`.',
  },
  {
    path: 'undeclaredAddresses.mqtt',
    reads: 'text',
    changes: 'restart',
    means: 'What an MQTT topic without a document is: `topic`, or `refuse`.',
  },
  {
    path: 'data.directory',
    flag: '--data',
    reads: 'text',
    isPath: true,
    changes: 'restart',
    means: 'Where messages, documents and state are kept. Without it all is in memory, and gone with the process.',
  },
  {
    path: 'data.limit',
    flag: '--data-limit',
    reads: 'amount',
    changes: 'restart',
    means: 'Bytes of all files there, such as `10GiB`. Without it the disk is the limit.',
  },
  {
    path: 'documents',
    flag: '--apply',
    reads: 'list',
    isPath: true,
    changes: 'live',
    means: 'Files or folders of documents to apply before the server is ready, and again at each SIGHUP.',
  },
  {
    path: 'log.level',
    flag: '--log-level',
    reads: 'text',
    changes: 'live',
    means: 'The least that is logged: `debug`, `info`, `warn` or `error`.',
  },
  {
    path: 'log.format',
    flag: '--log-format',
    reads: 'text',
    changes: 'live',
    means: '`text` for people, or `json`: one object a line.',
  },
  {
    path: 'metrics.addresses',
    reads: 'number',
    changes: 'live',
    means: 'How many addresses have series of their own at `/metrics`; the others are counted together.',
  },
  {
    path: 'metrics.jobs',
    reads: 'number',
    changes: 'live',
    means: 'The same for jobs.',
  },
  {
    path: 'stop.grace',
    reads: 'amount',
    changes: 'restart',
    means: 'How long clients may take to hear that the server ends, such as `2s`; at most `5m`.',
  },
];

/** `amqp.port` → `MILLRACE_AMQP_PORT`. */
export function variableOf({ path }: Setting): string {
  return `MILLRACE_${path.replaceAll('.', '_').replace(/([a-z])([A-Z])/g, '$1_$2')}`.toUpperCase();
}

/** The value at a setting's path in a configuration, complete or not. */
export function valueAt(configuration: unknown, path: string): unknown {
  let value = configuration;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

/** Settings whose values differ. */
export function changedSettings(before: unknown, after: unknown): readonly Setting[] {
  return SETTINGS.filter(({ path }) => JSON.stringify(valueAt(before, path)) !== JSON.stringify(valueAt(after, path)));
}
