/** The operations of the table over MQTT 5, by mqtt.js: on a socket or over WebSocket. */
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { eventually, pause } from '../harness/commands.js';
import { deadline, type Entrance, type Operations } from './operations.js';
import type { Identity } from './table.js';

const REFUSED = 0x80;
/** How long a will that must not be sent is waited for. */
const SILENCE_MS = 150;

export async function mqttOperations(identity: Identity, entrance: Entrance): Promise<Operations | undefined> {
  const client = await connect(identity, entrance);
  if (client === undefined) return undefined;
  const publishes = async (topic: string, retain: boolean): Promise<boolean> => {
    try {
      await deadline(client.publishAsync(topic, 'x', { qos: 1, retain }), `PUBACK for ${topic}`);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  };
  return {
    operations: {
      connect: async () => true,
      send: (topic) => publishes(topic, false),
      retain: (topic) => publishes(topic, true),
      will: (topic, expected) => willIsSent({ identity, entrance }, topic, expected),
      subscribe: (filter) => subscribes(client, filter),
      share: (filter) => subscribes(client, `$share/group/${filter}`),
    },
    close: async () => {
      await client.endAsync(true);
    },
  };
}

async function connect(
  { name, password }: Identity,
  { mqttPort, httpPort, webSocket }: Entrance,
  more: IClientOptions = {},
): Promise<MqttClient | undefined> {
  const url = webSocket ? `ws://127.0.0.1:${httpPort}/mqtt` : `mqtt://127.0.0.1:${mqttPort}`;
  const login = name === '' ? {} : { username: name, ...(password === undefined ? {} : { password }) };
  try {
    return await deadline(
      connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...login, ...more }, false),
      'CONNACK',
    );
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

async function subscribes(client: MqttClient, filter: string): Promise<boolean> {
  try {
    const granted = await deadline(client.subscribeAsync(filter, { qos: 0 }), `SUBACK for ${filter}`);
    if (granted.some(({ qos }) => qos >= REFUSED)) return false;
  } catch (error) {
    // mqtt.js gives no code for a SUBACK that refuses.
    if (error instanceof Error && /Not authorized|Unspecified error|subscribe/i.test(error.message)) return false;
    throw error;
  }
  await deadline(client.unsubscribeAsync(filter), `UNSUBACK for ${filter}`);
  return true;
}

async function willIsSent(
  { identity, entrance }: { readonly identity: Identity; readonly entrance: Entrance },
  topic: string,
  expected: boolean,
): Promise<boolean> {
  const before = await entrance.messagesIn(topic);
  const will = { topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false };
  const client = await connect(identity, entrance, { will });
  // It was let in without a will: it is the will that is refused.
  if (client === undefined) return false;
  client.stream.destroy();
  const sent = async () => (await entrance.messagesIn(topic)) > before;
  if (expected) await eventually(`the will on ${topic}`, sent);
  else await pause(SILENCE_MS);
  return sent();
}

function isRefusal(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  return (typeof code === 'number' && code >= REFUSED) || /Connection refused|Not authorized/i.test(message ?? '');
}
