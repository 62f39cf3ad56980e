import { SparkClientError } from '../errors.js';
import { StreamingQueryEventType } from '../generated/commands_pb.js';
import { parseProgress, type StreamingQueryProgress } from './progress.js';

/** What happened to a query of the session. */
export type StreamingQueryEvent =
  | { readonly kind: 'progress'; readonly progress: StreamingQueryProgress }
  /** There was nothing to do for a while. */
  | { readonly kind: 'idle'; readonly id: string; readonly runId: string; readonly timestamp: string }
  | {
      readonly kind: 'terminated';
      readonly id: string;
      readonly runId: string;
      /** What was thrown, without its stack; undefined if the query was stopped or was done. */
      readonly exception: string | undefined;
      readonly errorClass: string | undefined;
    };

interface EventJson {
  readonly progress?: unknown;
  readonly id?: string;
  readonly runId?: string;
  readonly timestamp?: string;
  readonly exception?: string | null;
  readonly errorClassOnException?: string | null;
}

export function parseEvent(json: string, type: StreamingQueryEventType): StreamingQueryEvent {
  let event: EventJson;
  try {
    event = JSON.parse(json) as EventJson;
  } catch (cause) {
    throw new SparkClientError('an event of a query is not JSON', { cause });
  }
  const { id = '', runId = '' } = event;
  if (type === StreamingQueryEventType.PROGRESS)
    return { kind: 'progress', progress: parseProgress(JSON.stringify(event.progress ?? event)) };
  if (type === StreamingQueryEventType.IDLE) return { kind: 'idle', id, runId, timestamp: event.timestamp ?? '' };
  return {
    kind: 'terminated',
    id,
    runId,
    exception: event.exception?.split('\n\tat ')[0],
    errorClass: event.errorClassOnException ?? undefined,
  };
}
