import type { StoreStatus } from '@millrace/contract';
import type { Controller, Endpoint, Timers } from '@millrace/controller';
import type { AuditLog, Authorizer } from '@millrace/security';
import type { Authenticate } from './authentication.js';

export interface HttpDependencies {
  readonly controller: Controller;
  readonly authorizer: Authorizer;
  /** Who sends this request. Default: everyone is anonymous. @throws ProblemError for credentials that are wrong */
  readonly authenticate?: Authenticate;
  /** Told of changes and refusals. Default: nobody is. */
  readonly audit?: AuditLog;
  /** Host names, without port, that this server answers to beside loopback. Default: none. */
  readonly allowedHosts?: readonly string[];
  /** Origins, such as `https://console.example.com`, whose pages may call. Default: only this server's own. */
  readonly allowedOrigins?: readonly string[];
  readonly version: string;
  readonly startedAt: Date;
  /** Where everything listens, HTTP too. */
  readonly endpoints: () => readonly Endpoint[];
  /** Begins a backup of the store as it is now. Default: there is no store on disk. */
  readonly backup?: () => AsyncIterable<Uint8Array> | 'under-way';
  /** Default: memory. */
  readonly store?: () => StoreStatus;
  /** Default: 16 MiB. */
  readonly bodyLimitBytes?: number;
  /** Streams without an end are ended when this is aborted. Default: with their connections. */
  readonly stopping?: AbortSignal;
  /** Default: the system's. */
  readonly timers?: Timers;
  /** Told of what became a 500. Default: dropped. */
  readonly onError?: (error: unknown) => void;
}
