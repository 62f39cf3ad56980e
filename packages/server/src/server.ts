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
import { auditedService } from './access/audited-service.js';
import { createAccess, type SecurityOptions, type ServerAccess } from './access/create-access.js';
import { createHttpApp } from './http/app.js';
import { httpAuthentication } from './http/authentication.js';
import { type HttpListener, startHttp } from './http/start-http.js';
import { isLoopback } from './loopback.js';
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
  /** Directory of what is to survive, made when it is not there. Default: all is in memory, and gone with the process. */
  readonly dataDirectory?: string;
  /** All files in it together. Default: no limit but the disk. */
  readonly dataLimitBytes?: number;
  /** Tokens, passwords in clear, the audit log. Users are documents. */
  readonly security?: SecurityOptions;
  /** Called before anybody is let in: what is applied here is there from the first connection on. Default: nothing is. */
  readonly prepare?: (server: Pick<RunningServer, 'apply'>) => Promise<void>;
  /** Without users: lets everyone in on a host that is not loopback. Default: false. */
  readonly allowAnonymous?: boolean;
  /** Lines for people: faults, and what is worth knowing. */
  readonly log: (line: string) => void;
}

export interface RunningServer {
  readonly endpoints: readonly Endpoint[];
  /** Creates or changes, one after another. @throws ProblemError of the first that is refused */
  apply(documents: readonly object[]): Promise<void>;
  /** Tells clients, then ends. Takes two seconds at most. */
  close(): Promise<void>;
}

/** Listening where others can reach it, without users, is refused unless asked for by name. */
export class ExposureError extends Error {
  override readonly name = 'ExposureError';
}

/**
 * Opens the store, brings the planes to the documents in it, and only then lets clients in.
 *
 * @throws ExposureError, the listen error of a port that cannot be had (with `code` and `port`), or what stands against
 *   opening the store: JournalLocked, JournalDamage, JournalVersion, JournalFull, or the error of the directory
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const onFault = (error: unknown): void => options.log(`fault: ${describeFault(error)}`);
  const store = await storeOf(options);
  const security = await accessOf(options, store, onFault);
  const { access } = security;
  const services = new Map<string, AmqpService>();
  const plane = await createPlane(
    {
      host,
      amqpPort: options.amqpPort ?? 5672,
      mqttPort: options.mqttPort ?? 1883,
      authorizer: access,
      services,
      undeclaredAmqp: options.undeclaredAmqp ?? 'refuse',
      onFault,
    },
    store,
  );
  const { messaging, processing, documents } = plane;
  const controller = new Controller({ messaging, processing, store: documents, users: access, onError: onFault });
  const addresses = new AddressService(new V3Addresses(controller, access.quietly));
  services.set(
    '$address',
    auditedService(access.audit, { handle: (request) => addresses.handle(request, request.principal) }),
  );
  let http: HttpListener | undefined;
  const stopping = new AbortController();
  const endpoints = (): readonly Endpoint[] => [...plane.messaging.endpoints(), ...httpEndpoint(host, http)];
  try {
    await controller.start();
    await options.prepare?.({ apply: (list) => applyTo(controller, list) });
    if (!isLoopback(host) && options.allowAnonymous !== true && access.isOpen) throw exposureOf(host);
    await plane.listen();
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
      ...(isLoopback(host) ? {} : { allowedHosts: [host] }),
    });
    http = await startHttp(app, { host, port: options.httpPort ?? 8080 });
  } catch (error) {
    controller.stop();
    await plane.stop('the server did not start');
    security.close();
    throw error;
  }
  return running({ plane, controller, http, security, stopping, endpoints: endpoints() });
}

function exposureOf(host: string): ExposureError {
  return new ExposureError(
    `${host} can be reached from other machines, and there are no users: everyone could send, receive and delete; ` +
      'give it users, listen on 127.0.0.1, or say --allow-anonymous if that is what you want',
  );
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
  readonly security: ServerAccess;
  readonly stopping: AbortController;
  readonly endpoints: readonly Endpoint[];
}

function running({ plane, controller, http, security, stopping, endpoints }: Parts): RunningServer {
  return {
    endpoints,
    apply: (documents) => applyTo(controller, documents),
    async close() {
      controller.stop();
      stopping.abort();
      await Promise.all([plane.stop('the server is stopping'), http.close()]);
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

function httpEndpoint(host: string, http: HttpListener | undefined): readonly Endpoint[] {
  return http === undefined ? [] : [{ name: 'http', protocol: 'http', host, port: http.port, tls: false }];
}

function describeFault(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
