/** Puts the planes, the controller and HTTP together in one process. */
import { checkDocument, problemError } from '@millrace/contract';
import { AddressService, Controller, type Endpoint, V3Addresses } from '@millrace/controller';
import {
  type AmqpService,
  EmbeddedPlane,
  type EmbeddedPlaneOptions,
  openStore,
  type Store,
} from '@millrace/plane-embedded';
import { OPEN_AUTHORIZER } from '@millrace/security';
import { createHttpApp } from './http/app.js';
import { type HttpListener, startHttp } from './http/start-http.js';
import type { Log } from './log/log.js';
import { isLoopback } from './loopback.js';
import { HttpRequests } from './metrics/http-requests.js';
import { SERIES_LIMITS, type SeriesLimits } from './metrics/series-limits.js';
import { VERSION } from './version.js';

export interface ServerOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port. Default: 5672. */
  readonly amqpPort?: number;
  /** Default: 1883. */
  readonly mqttPort?: number;
  /** Default: 8080. */
  readonly httpPort?: number;
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
  /** Lets everyone in on a host that is not loopback. Default: false. */
  readonly allowAnonymous?: boolean;
  /** Faults, and what is worth knowing. */
  readonly log: Log;
}

/** What can change while it runs. */
export type LiveOptions = Pick<ServerOptions, 'metrics'>;

export interface RunningServer {
  readonly endpoints: readonly Endpoint[];
  /** Creates or changes, one after another. @throws ProblemError of the first that is refused */
  apply(documents: readonly object[]): Promise<void>;
  /** Takes over what can change while it runs. */
  change(options: LiveOptions): void;
  /** Tells clients, then ends. Takes `stopGraceMs` at most, and what the disk takes for what was committed. */
  close(): Promise<void>;
}

/** Listening where others can reach it, without users, is refused unless asked for by name. */
export class ExposureError extends Error {
  override readonly name = 'ExposureError';
}

/** Why these settings would let strangers in, or undefined. */
export function exposureOf({
  host,
  allowAnonymous,
}: {
  readonly host: string;
  readonly allowAnonymous: boolean;
}): string | undefined {
  if (isLoopback(host) || allowAnonymous) return undefined;
  return (
    `${host} can be reached from other machines, and there are no users: everyone could send, receive and delete; ` +
    'listen on 127.0.0.1, or say --allow-anonymous if that is what you want'
  );
}

/**
 * Opens the store, brings the planes to the documents in it, and only then lets clients in.
 *
 * @throws ExposureError, the listen error of a port that cannot be had (with `code` and `port`), or what stands against
 *   opening the store: JournalLocked, JournalDamage, JournalVersion, JournalFull, or the error of the directory
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const exposure = exposureOf({ host, allowAnonymous: options.allowAnonymous ?? false });
  if (exposure !== undefined) throw new ExposureError(exposure);
  const onFault = (error: unknown): void => options.log(`fault: ${describeFault(error)}`, { level: 'error' });
  const store = await storeOf(options);
  const services = new Map<string, AmqpService>();
  const plane = await createPlane(
    {
      host,
      amqpPort: options.amqpPort ?? 5672,
      mqttPort: options.mqttPort ?? 1883,
      authorizer: OPEN_AUTHORIZER,
      services,
      undeclaredAmqp: options.undeclaredAmqp ?? 'refuse',
      undeclaredMqtt: options.undeclaredMqtt ?? 'topic',
      onFault,
    },
    store,
  );
  const { messaging, processing, documents } = plane;
  const controller = new Controller({ messaging, processing, store: documents, onError: onFault });
  const addresses = new AddressService(new V3Addresses(controller, OPEN_AUTHORIZER));
  services.set('$address', { handle: (request) => addresses.handle(request, request.principal) });
  let seriesLimits = options.metrics ?? SERIES_LIMITS;
  let http: HttpListener | undefined;
  const endpoints = (): readonly Endpoint[] => [...plane.messaging.endpoints(), ...httpEndpoint(host, http)];
  try {
    await controller.start();
    await plane.listen();
    const app = createHttpApp({
      controller,
      authorizer: OPEN_AUTHORIZER,
      version: VERSION,
      startedAt: new Date(),
      endpoints,
      store: () => plane.storeStatus(),
      ...(store?.kind === 'disk' ? { backup: () => store.journal.backup() } : {}),
      onError: onFault,
      metrics: {
        version: VERSION,
        controller,
        figures: () => plane.figures(),
        store: () => plane.storeStatus(),
        storeLimitBytes: options.dataLimitBytes,
        requests: new HttpRequests(),
        limits: () => seriesLimits,
      },
      allowedHosts: [...(isLoopback(host) ? [] : [host]), ...(options.allowedHosts ?? [])],
      allowedOrigins: options.allowedOrigins ?? [],
    });
    http = await startHttp(app, { host, port: options.httpPort ?? 8080 });
  } catch (error) {
    controller.stop();
    await plane.stop('the server did not start');
    throw error;
  }
  const change = ({ metrics = SERIES_LIMITS }: LiveOptions): void => {
    seriesLimits = metrics;
  };
  return running({ plane, controller, http, endpoints: endpoints(), stopGraceMs: options.stopGraceMs, change });
}

function storeOf({ dataDirectory, dataLimitBytes, log }: ServerOptions): Promise<Store> | undefined {
  if (dataDirectory === undefined) return undefined;
  const limit = dataLimitBytes === undefined ? {} : { limitBytes: dataLimitBytes };
  return openStore({ directory: dataDirectory, log, ...limit });
}

/** Lets go of the store when it cannot be used. */
async function createPlane(options: EmbeddedPlaneOptions, store: Store | undefined): Promise<EmbeddedPlane> {
  if (store === undefined) return new EmbeddedPlane(options);
  try {
    return new EmbeddedPlane({ ...options, store });
  } catch (error) {
    if (store.kind === 'disk') await store.journal.close();
    throw error;
  }
}

interface Parts {
  readonly plane: EmbeddedPlane;
  readonly controller: Controller;
  readonly http: HttpListener;
  readonly endpoints: readonly Endpoint[];
  readonly stopGraceMs: number | undefined;
  readonly change: RunningServer['change'];
}

function running({ plane, controller, http, endpoints, stopGraceMs, change }: Parts): RunningServer {
  return {
    endpoints,
    async apply(documents) {
      for (const document of documents) {
        const checked = checkDocument(document);
        if (!checked.ok) throw problemError('invalid-document', 'the document is not valid', checked.details);
        await controller.put(checked.value);
      }
    },
    change,
    async close() {
      controller.stop();
      await Promise.all([plane.stop('the server is stopping', stopGraceMs), http.close(stopGraceMs)]);
    },
  };
}

function httpEndpoint(host: string, http: HttpListener | undefined): readonly Endpoint[] {
  return http === undefined ? [] : [{ name: 'http', protocol: 'http', host, port: http.port, tls: false }];
}

function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
