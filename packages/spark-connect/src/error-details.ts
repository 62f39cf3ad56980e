import { type ErrorContext, SparkConnectionError, SparkError } from './errors.js';
import {
  ErrorContextType,
  type FetchErrorDetailsResponse,
  type ServerError,
  type ErrorContext as WireContext,
} from './generated/service_pb.js';
import type { FailedCall } from './status-details.js';

/** Longer chains are cut: a server that names an error as its own cause must not hold the client. */
const CAUSES_MAX = 32;

function toContext(context: WireContext): ErrorContext {
  return {
    kind: context.contextType === ErrorContextType.DATAFRAME ? 'dataFrame' : 'sql',
    objectType: context.objectType,
    objectName: context.objectName,
    startIndex: context.startIndex,
    stopIndex: context.stopIndex,
    fragment: context.fragment,
    callSite: context.callSite,
    summary: context.summary,
  };
}

function stackLines(error: ServerError): string[] {
  return error.stackTrace.map(
    ({ declaringClass, methodName, fileName, lineNumber }) =>
      `${declaringClass}.${methodName}(${fileName === undefined ? 'unknown' : `${fileName}:${lineNumber}`})`,
  );
}

function toSparkError(failed: FailedCall, details: FetchErrorDetailsResponse, index: number, depth = 0): SparkError {
  const error = details.errors[index];
  if (error === undefined) return fromStatus(failed);
  const { sparkThrowable: condition, causeIdx } = error;
  const isRoot = depth === 0;
  return new SparkError(error.message || failed.message, {
    errorClass: condition?.errorClass ?? (isRoot ? failed.errorClass : undefined),
    sqlState: condition?.sqlState ?? (isRoot ? failed.sqlState : undefined),
    messageParameters: condition?.messageParameters ?? (isRoot ? failed.messageParameters : {}),
    contexts: condition?.queryContexts.map(toContext),
    exceptionClasses: error.errorTypeHierarchy,
    serverStackTrace: stackLines(error),
    cause:
      causeIdx === undefined || depth >= CAUSES_MAX ? undefined : toSparkError(failed, details, causeIdx, depth + 1),
  });
}

function fromStatus(failed: FailedCall): SparkError {
  return new SparkError(failed.message, { ...failed, cause: undefined });
}

/** Whether Spark itself answered, not something on the way to it. */
export function isFromSpark(failed: FailedCall): boolean {
  return failed.errorId !== undefined || failed.errorClass !== undefined || failed.exceptionClasses.length > 0;
}

/** The error that the caller of a failed call gets. */
export function toError(
  failed: FailedCall,
  attempts: number,
  details: FetchErrorDetailsResponse | undefined,
): SparkError | SparkConnectionError {
  if (!isFromSpark(failed))
    return new SparkConnectionError(`${failed.status}: ${failed.message}`, {
      status: failed.status,
      attempts,
      cause: failed.cause,
    });
  if (details?.rootErrorIdx === undefined) return fromStatus(failed);
  return toSparkError(failed, details, details.rootErrorIdx);
}
