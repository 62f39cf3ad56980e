/** Puts the planes, the controller and HTTP together in one process. */
import { checkDocument, problemError } from '@millrace/contract';
import { AddressService, Controller, type Endpoint, V3Addresses } from '@millrace/controller';
import {
  type AmqpService,
  EmbeddedPlane,
  type EmbeddedPlaneOptions,
  openStore,
  type Store,
  type TlsListening,
  type TlsTerms,
  type TransportLimits,
} from '@millrace/plane-embedded';
import type { Hono } from 'hono';
import { auditedService } from './access/audited-service.js';
import { createAccess, type SecurityOptions, type ServerAccess } from './access/create-access.js';
import { createHttpApp } from './http/app.js';
import { httpAuthentication } from './http/authentication.js';
import { createGuard } from './http/guard.js';
import { type HttpLimits, type HttpListener, startHttp } from './http/start-http.js';
import { serveWebSockets, type WebSocketOptions } from './http/websockets.js';
import type { Log } from './log/log.js';
import { isLoopback } from './loopback.js';
import { HttpRequests } from './metrics/http-requests.js';
import { SERIES_LIMITS, type SeriesLimits } from './metrics/series-limits.js';
import { amqpUrl, openSpark, type SparkProcessing, sparkNeeds } from './spark-processing.js';
import { TlsFiles } from './tls/tls-files.js';
import type { TlsOptions } from './tls/tls-options.js';
import { observeTransport, type TransportObservation } from './transport-observation.js';
import { VERSION } from './version.js';

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

/** What can change while it runs. */
export type LiveOptions = Pick<ServerOptions, 'metrics'>;

export interface RunningServer {
  readonly endpoints: readonly Endpoint[];
  /** Creates or changes, one after another. @throws ProblemError of the first that is refused */
  apply(documents: readonly object[]): Promise<void>;
  /**
   * Reads certificate, key and authorities again. New connections get them, those that are there go on.
   * @returns whether there was something new
   * @throws TlsFileError naming file and reason: the old ones go on being used then
   */
  reloadCertificates(): Promise<boolean>;
  /** What came to the listeners, counted since the start, and what is there now. */
  observeTransport(): TransportObservation;
  /** Takes over what can change while it runs. */
  change(options: LiveOptions): void;
  /**
   * Tells clients, then ends. Takes `stopGraceMs` at most, and what the disk takes for what was committed; with jobs on Spark
   * up to three seconds more, twelve where their queries are stopped.
   */
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
    'give it users, listen on 127.0.0.1, or say --allow-anonymous if that is what you want'
  );
}

/**
 * Opens the store, brings the planes to the documents in it, and only then lets clients in.
 *
 * @throws ExposureError, TlsFileError, SparkSettingsError, the listen error of a port that cannot be had (with `code` and
 *   `port`), or what stands against opening the store: JournalLocked, JournalDamage, JournalVersion, JournalFull, or the
 *   error of the directory
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const onFault = (error: unknown): void => options.log(`fault: ${describeFault(error)}`, { level: 'error' });
  // Its settings are looked at before anything is opened.
  const spark = await openSpark(
    options,
    sparkNeeds(() => plane),
  );
  const tls = await tlsOf(options, (terms) => {
    plane.setTls(terms);
    for (const listener of http) listener.setTls(terms);
  });
  const store = await storeOf(options);
  const security = await accessOf(options, store, onFault);
  const { access } = security;
  const services = new Map<string, AmqpService>();
  const plane: EmbeddedPlane = await createPlane(
    {
      host,
      amqpPort: options.amqpPort ?? 5672,
      mqttPort: options.mqttPort ?? 1883,
      ...(tls === undefined ? {} : { tls: tlsListening(options, tls) }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      authorizer: access,
      access,
      services,
      undeclaredAmqp: options.undeclaredAmqp ?? 'refuse',
      undeclaredMqtt: options.undeclaredMqtt ?? 'topic',
      onFault,
    },
    store,
  );
  const { messaging, documents } = plane;
  const processing = spark ?? plane.processing;
  const controller = new Controller({ messaging, processing, store: documents, users: access, onError: onFault });
  const addresses = new AddressService(new V3Addresses(controller, access.quietly));
  services.set(
    '$address',
    auditedService(access.audit, { handle: (request) => addresses.handle(request, request.principal) }),
  );
  const http: HttpListener[] = [];
  const stopping = new AbortController();
  const endpoints = (): readonly Endpoint[] => [...plane.messaging.endpoints(), ...httpEndpoints(host, http)];
  let seriesLimits = options.metrics ?? SERIES_LIMITS;
  try {
    await controller.start();
    await options.prepare?.({ apply: (list) => applyTo(controller, list) });
    const exposure = exposureOf({ host, allowAnonymous: options.allowAnonymous ?? false });
    if (exposure !== undefined && access.isOpen) throw new ExposureError(exposure);
    await plane.listen();
    spark?.start(options.processing?.brokerUrl ?? amqpUrl(plane.messaging.endpoints()));
    const hosts = {
      allowedHosts: [...(isLoopback(host) ? [] : [host]), ...(options.allowedHosts ?? [])],
      allowedOrigins: options.allowedOrigins ?? [],
    };
    const app = createHttpApp({
      controller,
      authorizer: access.quietly,
      authenticate: httpAuthentication(access),
      audit: access.audit,
      version: VERSION,
      startedAt: new Date(),
      endpoints,
      store: () => plane.storeStatus(),
      stopping: stopping.signal,
      ...(store?.kind === 'disk' ? { backup: () => store.journal.backup() } : {}),
      onError: onFault,
      metrics: {
        version: VERSION,
        controller,
        figures: () => plane.figures(),
        store: () => plane.storeStatus(),
        storeLimitBytes: options.dataLimitBytes,
        certificateValidTo: () => tls?.validTo,
        requests: new HttpRequests(),
        limits: () => seriesLimits,
      },
      ...hosts,
    });
    await startHttpListeners(app, options, { host, tls, http });
    const adopt: WebSocketOptions['adopt'] = (protocol, stream) => plane.adopt(protocol, stream);
    for (const { server } of http) serveWebSockets(server, { guard: createGuard(hosts), adopt });
  } catch (error) {
    controller.stop();
    await spark?.close();
    await Promise.all([plane.stop('the server did not start'), ...http.map((listener) => listener.close())]);
    security.close();
    throw error;
  }
  tls?.watch();
  const closeSpark = async (): Promise<void> => spark?.close({ queries: options.processing?.whenClosed ?? 'keep' });
  const change = ({ metrics = SERIES_LIMITS }: LiveOptions): void => {
    seriesLimits = metrics;
  };
  const { stopGraceMs } = options;
  return running({
    plane,
    controller,
    http,
    tls,
    security,
    stopping,
    endpoints: endpoints(),
    closeSpark,
    stopGraceMs,
    change,
  });
}

/** Lets go of the store when a file of its own cannot be had. */
async function accessOf(
  { security = {}, dataDirectory, allowAnonymous = false }: ServerOptions,
  store: Store | undefined,
  onFault: (error: unknown) => void,
): Promise<ServerAccess> {
  try {
    return createAccess(security, { dataDirectory, allowAnonymous, onFault });
  } catch (error) {
    if (store?.kind === 'disk') await store.journal.close();
    throw error;
  }
}

async function tlsOf(options: ServerOptions, use: (terms: TlsTerms) => void): Promise<TlsFiles | undefined> {
  const { tls: files, log } = options;
  return files === undefined ? undefined : await TlsFiles.open({ files, log, use, now: () => new Date() });
}

function tlsListening({ amqpsPort = 5671, mqttsPort = 8883 }: ServerOptions, { terms }: TlsFiles): TlsListening {
  return { terms, amqpsPort, mqttsPort };
}

async function startHttpListeners(
  app: Hono,
  { httpPort = 8080, httpsPort = 8443, httpLimits = {} }: ServerOptions,
  at: { readonly host: string; readonly tls: TlsFiles | undefined; readonly http: HttpListener[] },
): Promise<void> {
  const { host, tls, http } = at;
  if (httpPort !== 'off') http.push(await startHttp(app, { host, port: httpPort, limits: httpLimits }));
  if (tls === undefined || httpsPort === 'off') return;
  http.push(await startHttp(app, { host, port: httpsPort, tls: tls.terms, limits: httpLimits }));
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
  readonly http: readonly HttpListener[];
  readonly tls: TlsFiles | undefined;
  readonly security: ServerAccess;
  readonly stopping: AbortController;
  readonly endpoints: readonly Endpoint[];
  readonly closeSpark: () => Promise<void>;
  readonly stopGraceMs: number | undefined;
  readonly change: RunningServer['change'];
}

function running(parts: Parts): RunningServer {
  const { plane, controller, http, tls, security, stopping, endpoints, closeSpark, stopGraceMs, change } = parts;
  return {
    endpoints,
    reloadCertificates: async () => (await tls?.reload()) ?? false,
    observeTransport: () => observeTransport(plane, http, tls),
    change,
    apply: (documents) => applyTo(controller, documents),
    async close() {
      controller.stop();
      stopping.abort();
      tls?.close();
      // Queries that are to be stopped end while the broker is there to take their results.
      await closeSpark();
      await Promise.all([
        plane.stop('the server is stopping', stopGraceMs),
        ...http.map((listener) => listener.close(stopGraceMs)),
      ]);
      security.close();
    },
  };
}

async function applyTo(controller: Controller, documents: readonly object[]): Promise<void> {
  for (const document of documents) {
    const checked = checkDocument(document);
    if (!checked.ok) throw problemError('invalid-document', 'the document is not valid', checked.details);
    await controller.put(checked.value);
  }
}

function httpEndpoints(host: string, http: readonly HttpListener[]): readonly Endpoint[] {
  return http.map(({ port, tls }) => ({ name: tls ? 'https' : 'http', protocol: 'http', host, port, tls }));
}

function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
