/** Something that answers requests over AMQP, as `$address` does (EnMasse's address API). */
import type { AmqpValue, Fields, MessageId } from '@millrace/amqp';
import type { Principal } from '@millrace/security';

export interface ServiceRequest {
  readonly applicationProperties: Fields;
  /** An AmqpValue as it is; Data as text. */
  readonly body: AmqpValue;
  readonly messageId: MessageId | undefined;
  readonly correlationId: MessageId | undefined;
  readonly principal: Principal;
}

export interface ServiceResponse {
  readonly applicationProperties?: Fields;
  /** Goes out as AmqpValue(string). */
  readonly body: string;
}

export interface AmqpService {
  /** A rejection is a fault of the service: the request is then rejected with amqp:internal-error. */
  handle(request: ServiceRequest): Promise<ServiceResponse>;
}
