import { fromBinary } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { STATUS_NAMES, type StatusName } from './errors.js';
import { ErrorInfoSchema, RetryInfoSchema, StatusDetailsSchema } from './generated/status_pb.js';

/**
 * What a failed call says of itself: the status, and from the trailer `grpc-status-details-bin` Spark's condition and the
 * id under which the server keeps the rest (FetchErrorDetails).
 */
export interface FailedCall {
  readonly status: StatusName;
  readonly message: string;
  readonly errorClass: string | undefined;
  readonly sqlState: string | undefined;
  readonly messageParameters: Readonly<Record<string, string>>;
  readonly exceptionClasses: readonly string[];
  readonly errorId: string | undefined;
  /** The server asks to be called again; undefined: it does not. */
  readonly retryAfterMs: number | undefined;
  readonly cause: unknown;
}

const TRAILER = 'grpc-status-details-bin';

/** JSON that the server put into a field of text; what is not JSON is as if it were not there. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function toRecord(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
}

interface Details {
  metadata: Readonly<Record<string, string>>;
  retryAfterMs: number | undefined;
}

function readDetails(trailer: Uint8Array | undefined): Details {
  const found: Details = { metadata: {}, retryAfterMs: undefined };
  if (trailer === undefined) return found;
  try {
    for (const { typeUrl, value } of fromBinary(StatusDetailsSchema, trailer).details) {
      if (typeUrl.endsWith('/google.rpc.ErrorInfo')) {
        found.metadata = fromBinary(ErrorInfoSchema, value).metadata;
      } else if (typeUrl.endsWith('/google.rpc.RetryInfo')) {
        const delay = fromBinary(RetryInfoSchema, value).retryDelay;
        found.retryAfterMs = delay === undefined ? 0 : Number(delay.seconds) * 1000 + delay.nanos / 1e6;
      }
    }
  } catch {
    // A trailer that a proxy cut is no reason to hide the status itself.
  }
  return found;
}

/** Spark's condition stands in brackets before the message: `[TABLE_OR_VIEW_NOT_FOUND] The table …`. */
export function conditionInText(message: string): string | undefined {
  return /\[([A-Z][A-Z0-9_]+(?:\.[A-Z][A-Z0-9_]+)*)\]/.exec(message)?.[1];
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number' && 'metadata' in error;
}

export function readFailedCall(error: ServiceError): FailedCall {
  const trailer = error.metadata?.get(TRAILER)[0];
  const { metadata, retryAfterMs } = readDetails(typeof trailer === 'string' ? undefined : trailer);
  const message = error.details || error.message;
  return {
    status: STATUS_NAMES[error.code] ?? 'UNKNOWN',
    message,
    // Only at the start of the text: gRPC's own errors quote others, such as [ERR_TLS_CERT_ALTNAME_INVALID].
    errorClass: metadata.errorClass ?? (message.startsWith('[') ? conditionInText(message) : undefined),
    sqlState: metadata.sqlState,
    messageParameters: toRecord(parseJson(metadata.messageParameters)),
    exceptionClasses: toTexts(parseJson(metadata.classes)),
    errorId: metadata.errorId,
    retryAfterMs,
    cause: error,
  };
}

/**
 * Whether the same call may succeed a little later: the server is not there (it starts anew, a proxy lost it), it asks to
 * be called again, or another call has taken over the stream of this one and is gone.
 */
export function isRetriable(failed: FailedCall): boolean {
  if (failed.retryAfterMs !== undefined || failed.status === 'UNAVAILABLE') return true;
  if (failed.status !== 'INTERNAL') return false;
  if (failed.errorClass === 'INVALID_CURSOR.DISCONNECTED') return true;
  return failed.errorId === undefined && /RST_STREAM/.test(failed.message);
}
