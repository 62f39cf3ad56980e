/**
 * The one error of this library. Its scope says what it ends: a link is detached, a session ended, a connection closed
 * with it (AMQP 1.0 §2.8.14).
 */

/** Error conditions in the order of the specification: §2.8.15 to §2.8.18. */
export const Condition = {
  internalError: 'amqp:internal-error',
  notFound: 'amqp:not-found',
  unauthorizedAccess: 'amqp:unauthorized-access',
  decodeError: 'amqp:decode-error',
  resourceLimitExceeded: 'amqp:resource-limit-exceeded',
  notAllowed: 'amqp:not-allowed',
  invalidField: 'amqp:invalid-field',
  notImplemented: 'amqp:not-implemented',
  resourceLocked: 'amqp:resource-locked',
  preconditionFailed: 'amqp:precondition-failed',
  resourceDeleted: 'amqp:resource-deleted',
  illegalState: 'amqp:illegal-state',
  frameSizeTooSmall: 'amqp:frame-size-too-small',
  connectionForced: 'amqp:connection:forced',
  framingError: 'amqp:connection:framing-error',
  connectionRedirect: 'amqp:connection:redirect',
  windowViolation: 'amqp:session:window-violation',
  errantLink: 'amqp:session:errant-link',
  handleInUse: 'amqp:session:handle-in-use',
  unattachedHandle: 'amqp:session:unattached-handle',
  detachForced: 'amqp:link:detach-forced',
  transferLimitExceeded: 'amqp:link:transfer-limit-exceeded',
  messageSizeExceeded: 'amqp:link:message-size-exceeded',
  linkRedirect: 'amqp:link:redirect',
  stolen: 'amqp:link:stolen',
} as const;

export type ErrorScope = 'connection' | 'session' | 'link';

export class AmqpError extends Error {
  override readonly name = 'AmqpError';
  /** One of `Condition`, or a peer's own symbol. */
  readonly condition: string;
  readonly scope: ErrorScope;

  constructor(condition: string, description: string, scope: ErrorScope = 'connection', options?: ErrorOptions) {
    super(description, options);
    this.condition = condition;
    this.scope = scope;
  }

  get description(): string {
    return this.message;
  }
}

/** Bytes that are not what the type system allows (AMQP 1.0 §1.6): always the end of the connection. */
export function decodeError(description: string): AmqpError {
  return new AmqpError(Condition.decodeError, description);
}

/** Bytes that are no frames, or not where they may be (AMQP 1.0 §2.8.16): always the end of the connection. */
export function framingError(description: string): AmqpError {
  return new AmqpError(Condition.framingError, description);
}
