/** What a server can be told before it starts. */
import type { TransportLimits } from '@millrace/plane-embedded';
import type { SecurityOptions } from './access/create-access.js';
import type { HttpLimits } from './http/start-http.js';
import type { Log } from './log/log.js';
import type { SeriesLimits } from './metrics/series-limits.js';
import type { RunningServer } from './running-server.js';
import type { SparkProcessing } from './spark-processing.js';
import type { TlsOptions } from './tls/tls-options.js';

export interface ServerOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port; `off`: nobody listens there. Default: 5672. */
  readonly amqpPort?: number | 'off';
  /** Default: 1883. */
  readonly mqttPort?: number | 'off';
  /** Default: 8080. */
  readonly httpPort?: number | 'off';
  /** Certificate and key for the three ports with TLS. Default: there are no such ports. */
  readonly tls?: TlsOptions;
  /** With `tls`. Default: 5671. */
  readonly amqpsPort?: number | 'off';
  /** With `tls`. Default: 8883. */
  readonly mqttsPort?: number | 'off';
  /** With `tls`. Default: 8443. */
  readonly httpsPort?: number | 'off';
  /** Bounds on AMQP and MQTT connections, WebSocket among them. Default of each: TRANSPORT_DEFAULTS. */
  readonly limits?: Partial<TransportLimits>;
  /** Bounds on HTTP connections. Default of each: HTTP_DEFAULTS. */
  readonly httpLimits?: Partial<HttpLimits>;
  /** What an AMQP client gets that names an address without a document. Default: refuse. */
  readonly undeclaredAmqp?: 'refuse' | 'queue' | 'topic';
  /** What an MQTT topic without a document is. Default: topic. */
  readonly undeclaredMqtt?: 'topic' | 'refuse';
  /** Host names that HTTP answers to beside loopback and `host`. Default: none. */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may call the control API. Default: only its own. */
  readonly allowedOrigins?: readonly string[];
  /** How many addresses and jobs have series of their own at /metrics. Default: 100 each. */
  readonly metrics?: SeriesLimits;
  /** How long clients may take to hear that the server ends. Default: 2,000. */
  readonly stopGraceMs?: number;
  /** Directory of what is to survive, made when it is not there. Default: all is in memory, and gone with the process. */
  readonly dataDirectory?: string;
  /** All files in it together. Default: no limit but the disk. */
  readonly dataLimitBytes?: number;
  /** What computes the jobs. Default: Millrace's own engine, in this process. */
  readonly processing?: SparkProcessing;
  /** Tokens, passwords in clear, the audit log. Users are documents. */
  readonly security?: SecurityOptions;
  /** Called before anybody is let in: what is applied here is there from the first connection on. Default: nothing is. */
  readonly prepare?: (server: Pick<RunningServer, 'apply'>) => Promise<void>;
  /** Without users: lets everyone in on a host that is not loopback. Default: false. */
  readonly allowAnonymous?: boolean;
  /** Faults, and what is worth knowing. */
  readonly log: Log;
}
