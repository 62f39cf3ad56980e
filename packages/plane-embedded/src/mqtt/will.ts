/**
 * A client's last word, sent for it when it is gone (MQTT 5 §3.1.2.5): wills of clients that are connected, and those that
 * wait for their delay. They are kept over a restart. A server that fails closes its connections, and may send the wills
 * of their clients when it is there again (§3.1.2.5): it does, counting a delay from when it was last known to be there.
 */
import { Message, MessageFormat, type Sender } from '@millrace/broker';
import { encodeProperties, type Will } from '@millrace/mqtt';
import type { Principal } from '@millrace/security';
import { duplicateIdOfMqtt } from '../translate/duplicate-id.js';
import { decodeWill, encodeWill, type KeptWill, Kind } from './kept-formats.js';
import type { MqttContext } from './mqtt-context.js';

/** Nobody is left to hear what became of it. */
const NOBODY: Sender = { settled() {}, capacityChanged() {}, addressDeleted() {} };

export function willOf(will: Will, principal: Principal): KeptWill {
  // The delay stays behind, it is no property of the message; its life begins when it is sent (§3.1.3.2.4).
  const { willDelayInterval, messageExpiryInterval, ...properties } = will.properties;
  return {
    connected: true,
    principal,
    topic: will.topic,
    qos: will.qos,
    retain: will.retain,
    delaySeconds: willDelayInterval ?? 0,
    expirySeconds: messageExpiryInterval,
    dueAt: 0,
    properties: encodeProperties(properties),
    payload: Buffer.from(will.payload),
  };
}

function messageOf(will: KeptWill): Message {
  const message = new Message();
  message.format = MessageFormat.mqtt;
  message.bytes = Buffer.concat([will.properties, will.payload]);
  message.split = will.properties.length;
  message.end = message.bytes.length;
  message.address = will.topic;
  message.durable = will.qos > 0;
  message.qos = will.qos;
  message.retain = will.retain;
  message.ttlMs = (will.expirySeconds ?? 0) * 1000;
  return message;
}

export class Wills {
  private readonly context: MqttContext;
  /** By client, those that wait for their delay. */
  private readonly pending = new Map<string, KeptWill>();

  constructor(context: MqttContext) {
    this.context = context;
  }

  fits(will: KeptWill): boolean {
    return will.properties.length + will.payload.length <= this.context.settings.willBytes;
  }

  /** The client is connected: should the server fail, its will is sent after the restart. */
  keep(clientId: string, will: KeptWill): void {
    const { broker } = this.context;
    if (broker.durable) broker.keep(Kind.will, clientId, encodeWill(will));
  }

  /** The client has ended its connection in order [MQTT-3.14.4-3], or is back before the delay was over [MQTT-3.1.3-9]. */
  forget(clientId: string): void {
    this.pending.delete(clientId);
    if (this.context.broker.durable) this.context.broker.forget(Kind.will, clientId);
  }

  /** The connection is gone: it goes out at once, after its delay, or when its session ends, whichever is first. */
  plan(clientId: string, will: KeptWill, goneAt: number): void {
    const due: KeptWill = { ...will, connected: false, dueAt: goneAt + will.delaySeconds * 1000 };
    if (will.delaySeconds === 0) {
      this.send(clientId, due);
      return;
    }
    this.pending.set(clientId, due);
    this.keep(clientId, due);
  }

  /** The session has ended. */
  sendNow(clientId: string): void {
    const will = this.pending.get(clientId);
    if (will !== undefined) this.send(clientId, will);
  }

  /** After a restart: those of clients whose session has ended with their connection. */
  sendAllBut(hasSession: (clientId: string) => boolean): void {
    for (const clientId of [...this.pending.keys()]) if (!hasSession(clientId)) this.sendNow(clientId);
  }

  tick(nowMs: number): void {
    for (const [clientId, will] of this.pending) {
      if (will.dueAt <= nowMs) this.send(clientId, will);
    }
  }

  /** After a restart. `goneAt`: when those were gone whose connections the restart has ended. */
  recover(goneAt: number): void {
    for (const [clientId, bytes] of this.context.broker.kept(Kind.will)) {
      const will = decodeWill(clientId, bytes);
      if (will.connected) this.plan(clientId, will, goneAt);
      else this.pending.set(clientId, will);
    }
  }

  /** What is sent is not kept any more, both in one batch. Where the disk is full it waits for room. */
  private send(clientId: string, will: KeptWill): void {
    const { counters, settings } = this.context;
    const result = this.publish(will);
    const isPending = this.pending.has(clientId);
    if (result === 'full' && (isPending || this.pending.size < settings.sessions)) {
      // Its session may have ended before its delay: nothing is to be waited for but room.
      this.pending.set(clientId, { ...will, dueAt: 0 });
      if (!isPending) this.keep(clientId, will);
      return;
    }
    this.forget(clientId);
    if (result === 'sent') counters.willsSent++;
    else counters.droppedIn++;
  }

  /** The right to send is asked when it is sent. */
  private publish(will: KeptWill): 'sent' | 'refused' | 'full' {
    const { broker, authorizer, settings } = this.context;
    if (!authorizer.authorize(will.principal, 'send', will.topic)) return 'refused';
    const message = messageOf(will);
    const type = broker.address(message.address)?.settings.type;
    const retains = message.retain && type !== 'queue' && type !== 'anycast';
    const refusal = retains ? broker.retainRefusal(message) : undefined;
    if (refusal !== undefined) return refusal === 'journal-full' ? 'full' : 'refused';
    const producer = broker.openProducer(message.address, NOBODY, { undeclared: settings.undeclared });
    if (typeof producer === 'string') return 'refused';
    const accepted = producer.sendOnce(message, -1, duplicateIdOfMqtt(message)) === 'accepted';
    if (accepted && retains && !producer.duplicate) broker.retain(message);
    const isFull = !accepted && producer.refusal === 'journal-full';
    producer.close();
    if (accepted) return 'sent';
    return isFull ? 'full' : 'refused';
  }
}
