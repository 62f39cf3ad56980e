/** A server that is there: what can be asked of it, and how it ends. */
import { checkDocument, problemError } from '@millrace/contract';
import type { Controller, Endpoint } from '@millrace/controller';
import type { EmbeddedPlane } from '@millrace/plane-embedded';
import type { ServerAccess } from './access/create-access.js';
import type { HttpListener } from './http/start-http.js';
import type { ServerOptions } from './options.js';
import type { TlsFiles } from './tls/tls-files.js';
import { observeTransport, type TransportObservation } from './transport-observation.js';

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

export interface Parts {
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

export function running(parts: Parts): RunningServer {
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

/** @throws ProblemError of the first that is refused */
export async function applyTo(controller: Controller, documents: readonly object[]): Promise<void> {
  for (const document of documents) {
    const checked = checkDocument(document);
    if (!checked.ok) throw problemError('invalid-document', 'the document is not valid', checked.details);
    await controller.put(checked.value);
  }
}
