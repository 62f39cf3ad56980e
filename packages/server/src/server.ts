/** Puts the planes, the controller and HTTP together in one process. */
import { AddressService, Controller, type Endpoint, V3Addresses } from '@millrace/controller';
import {
  type AmqpService,
  EmbeddedPlane,
  type EmbeddedPlaneOptions,
  openStore,
  type Store,
  type TlsListening,
  type TlsTerms,
} from '@millrace/plane-embedded';
import type { Hono } from 'hono';
import { auditedService } from './access/audited-service.js';
import { createAccess, type ServerAccess } from './access/create-access.js';
import { ExposureError, exposureOf } from './exposure.js';
import { createHttpApp } from './http/app.js';
import { httpAuthentication } from './http/authentication.js';
import { createGuard } from './http/guard.js';
import { type HttpListener, startHttp } from './http/start-http.js';
import { serveWebSockets, type WebSocketOptions } from './http/websockets.js';
import { isLoopback } from './loopback.js';
import { HttpRequests } from './metrics/http-requests.js';
import { SERIES_LIMITS } from './metrics/series-limits.js';
import type { ServerOptions } from './options.js';
import { applyTo, type LiveOptions, type RunningServer, running } from './running-server.js';
import { amqpUrl, openSpark, sparkNeeds } from './spark-processing.js';
import { TlsFiles } from './tls/tls-files.js';
import { VERSION } from './version.js';

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

function httpEndpoints(host: string, http: readonly HttpListener[]): readonly Endpoint[] {
  return http.map(({ port, tls }) => ({ name: tls ? 'https' : 'http', protocol: 'http', host, port, tls }));
}

function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
