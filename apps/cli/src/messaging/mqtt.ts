/** Sender and receiver over MQTT 5. */
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, type MqttClient, MqttError, type QoS, ReasonCode, type ReceivedMessage } from '@millrace/mqtt';
import { CommandError } from '../command-error.js';
import { EXIT_CODE } from '../exit-code.js';
import { type BrokerUrl, formatBrokerUrl } from './broker-url.js';
import { connectionFailed, connectionLost, notAllowed } from './connection-error.js';
import {
  ACCEPTED,
  type IncomingMessage,
  type MessageReceiver,
  type MessageSender,
  type OutgoingMessage,
  type SendOutcome,
  textOrBytes,
} from './message.js';
import type { ReceiverOptions, SenderOptions } from './open.js';

const DEFAULT_WINDOW = 100;
const DEFAULT_QOS: QoS = 1;

/** @throws CommandError */
export async function openMqttSender(url: BrokerUrl, options: SenderOptions): Promise<MessageSender> {
  const client = await connectOrExplain(url, undefined);
  const state = watch(client);
  const qos = options.qos ?? DEFAULT_QOS;
  const retain = options.retain ?? false;
  return {
    send: async (message) => {
      try {
        await client.publish(options.address, message.body, { qos, retain, properties: propertiesOf(message) });
        return ACCEPTED;
      } catch (error) {
        return await refusal(error, { state, url });
      }
    },
    close: () => client.end(),
  };
}

/** @throws CommandError */
export async function openMqttReceiver(url: BrokerUrl, options: ReceiverOptions): Promise<MessageReceiver> {
  const client = await connectOrExplain(url, options.window ?? DEFAULT_WINDOW);
  let open = true;
  const onMessage = (message: ReceivedMessage): undefined | Promise<void> => {
    // Not acknowledged: whoever is next on the queue gets it.
    if (!open) return new Promise<void>(() => {});
    open = options.onMessage(incomingOf(message));
    return undefined;
  };
  try {
    await client.subscribe(options.address, { qos: DEFAULT_QOS }, (message) => onMessage(message));
  } catch (error) {
    client.destroy();
    throw explainRefusal(url, error, `subscribing to ${options.address}`);
  }
  return {
    lost: client.closed.then((error) => error ?? new Error('the server ended the connection')),
    close: () => client.end(),
  };
}

async function connectOrExplain(url: BrokerUrl, window: number | undefined): Promise<MqttClient> {
  try {
    return await connect({
      host: url.host,
      port: url.port,
      tls: url.tls,
      clientId: `millrace-cli-${randomBytes(4).toString('hex')}`,
      ...(url.username === undefined ? {} : { username: url.username }),
      ...(url.password === undefined ? {} : { password: url.password }),
      properties: window === undefined ? {} : { receiveMaximum: window },
    });
  } catch (error) {
    throw connectionFailed(url, error) ?? explainRefusal(url, error, 'connecting');
  }
}

interface ClientState {
  lost: Error | undefined;
  ended: boolean;
}

function watch(client: MqttClient): ClientState {
  const state: ClientState = { lost: undefined, ended: false };
  void client.closed.then((error) => {
    state.ended = true;
    state.lost = error;
  });
  return state;
}

/** Why a message was not taken: refused by the server, or the connection is gone, which is thrown. */
async function refusal(
  error: unknown,
  context: { readonly state: ClientState; readonly url: BrokerUrl },
): Promise<SendOutcome> {
  // The client gives up what is under way before it tells that it is closed.
  await turn();
  const { state, url } = context;
  if (state.ended) throw connectionLost(formatBrokerUrl(url), state.lost ?? (error as Error));
  if (!(error instanceof MqttError)) throw error;
  return { kind: 'refused', reason: error.message };
}

function explainRefusal(url: BrokerUrl, error: unknown, doing: string): unknown {
  if (!(error instanceof MqttError)) return error;
  const message = `${formatBrokerUrl(url)} refused ${doing}: ${error.message}`;
  switch (error.reasonCode) {
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.notAuthorized:
      return notAllowed(message, error);
    default:
      return new CommandError(message, { exitCode: EXIT_CODE.failed, cause: error });
  }
}

function propertiesOf(message: OutgoingMessage): { userProperties?: [string, string][] } {
  const pairs = Object.entries(message.properties);
  return pairs.length === 0 ? {} : { userProperties: pairs };
}

function incomingOf(message: ReceivedMessage): IncomingMessage {
  const { properties } = message;
  return {
    address: message.topic,
    body: textOrBytes(message.payload),
    properties: Object.fromEntries(properties.userProperties ?? []),
    subject: undefined,
    messageId: undefined,
    correlationId: properties.correlationData?.toString('utf8'),
    replyTo: properties.responseTopic,
    contentType: properties.contentType,
    durable: message.qos > 0,
    redelivered: message.duplicate,
    retained: message.retain,
  };
}
