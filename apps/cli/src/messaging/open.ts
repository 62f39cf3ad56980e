/** Opens a sender or receiver over whichever protocol the URL names. Only that protocol's code is loaded. */
import type { BrokerUrl } from './broker-url.js';
import type { MessageReceiver, MessageSender, OnMessage } from './message.js';

export interface SenderOptions {
  readonly address: string;
  /** MQTT. Default: 1. */
  readonly qos?: 0 | 1 | 2;
  /** MQTT. Default: false. */
  readonly retain?: boolean;
}

export interface ReceiverOptions {
  readonly address: string;
  /** At most so many messages are under way to us. Default: 100. */
  readonly window?: number;
  readonly onMessage: OnMessage;
}

/** @throws CommandError */
export async function openSender(url: BrokerUrl, options: SenderOptions): Promise<MessageSender> {
  if (url.protocol === 'amqp') {
    const { openAmqpSender } = await import('./amqp.js');
    return openAmqpSender(url, options);
  }
  const { openMqttSender } = await import('./mqtt.js');
  return openMqttSender(url, options);
}

/** @throws CommandError */
export async function openReceiver(url: BrokerUrl, options: ReceiverOptions): Promise<MessageReceiver> {
  if (url.protocol === 'amqp') {
    const { openAmqpReceiver } = await import('./amqp.js');
    return openAmqpReceiver(url, options);
  }
  const { openMqttReceiver } = await import('./mqtt.js');
  return openMqttReceiver(url, options);
}
