/** A client's last word, sent for it when it is gone (MQTT 5 §3.1.2.5). */
import type { Message, Sender } from '@millrace/broker';
import type { Principal } from '@millrace/security';
import { duplicateIdOfMqtt } from '../translate/duplicate-id.js';
import type { MqttContext } from './mqtt-context.js';

export interface PendingWill {
  readonly message: Message;
  /** Who asked for it: the right to send is asked when it is sent. */
  readonly principal: Principal;
  /** ms since the epoch. */
  readonly dueAt: number;
}

/** Nobody is left to hear what became of it. */
const NOBODY: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };

/** @returns `later`: there is no room on disk for it now */
export function sendWill(will: PendingWill, context: MqttContext): 'done' | 'later' {
  const { broker, authorizer, counters, settings } = context;
  const { message, principal } = will;
  if (!authorizer.authorize(principal, 'send', message.address)) {
    counters.droppedIn++;
    return 'done';
  }
  const producer = broker.openProducer(message.address, NOBODY, { undeclared: settings.undeclared });
  if (typeof producer === 'string') {
    counters.droppedIn++;
    return 'done';
  }
  const result = producer.sendOnce(message, -1, duplicateIdOfMqtt(message));
  if (result === 'accepted') {
    counters.willsSent++;
    if (message.retain && !producer.duplicate) broker.retain(message);
  } else if (producer.refusal !== 'journal-full') {
    counters.droppedIn++;
  }
  producer.close();
  return result !== 'accepted' && producer.refusal === 'journal-full' ? 'later' : 'done';
}
