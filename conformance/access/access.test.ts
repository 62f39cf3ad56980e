/** The whole table of access against the real server, by clients we did not write. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Server } from '../harness/server.js';
import { amqpOperations, temporaryQueueOf } from './amqp-operations.js';
import { addressDocument, httpOperations } from './http-operations.js';
import { mqttOperations } from './mqtt-operations.js';
import type { Entrance, Operations } from './operations.js';
import {
  type AccessCase,
  ADDRESSES,
  accessCases,
  IDENTITIES,
  PROTOCOLS,
  type Protocol,
  userDocuments,
} from './table.js';

const ADMIN = IDENTITIES[0]!;
const CLIENTS: Readonly<Record<Protocol, typeof httpOperations>> = {
  amqp: amqpOperations,
  'amqp-websocket': amqpOperations,
  mqtt: mqttOperations,
  'mqtt-websocket': mqttOperations,
  http: httpOperations,
};

let server: Server;
let temporary: string;
let letGo: () => void;

beforeAll(async () => {
  const addresses = Object.keys(ADDRESSES).map(addressDocument);
  const documents = [...addresses, ...userDocuments()].map((document) => JSON.stringify(document)).join('\n---\n');
  server = await Server.start({ documents });
  [temporary, letGo] = await temporaryQueueOf(ADMIN, entranceOf('amqp'));
});
afterAll(async () => {
  letGo?.();
  await server?.stop();
});

function entranceOf(protocol: Protocol): Entrance {
  const { amqpPort, mqttPort, httpPort } = server;
  const authorization = `Basic ${Buffer.from(`${ADMIN.name}:${ADMIN.password}`).toString('base64')}`;
  return {
    amqpPort,
    mqttPort,
    httpPort,
    webSocket: protocol.endsWith('-websocket'),
    temporary: async () => temporary,
    messagesIn: async (address) => {
      const path = `/v1/addresses/${encodeURIComponent(address)}`;
      const { json } = await server.http(path, { headers: { authorization } });
      return (json as { status: { statistics: { messagesIn: number } } }).status.statistics.messagesIn;
    },
  };
}

function describeCase({ operation, address, allowed }: AccessCase, found: boolean): string {
  return `${operation} ${address}: ${found ? 'allowed' : 'refused'}, where it should be ${allowed ? 'allowed' : 'refused'}`;
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  const cases = accessCases().filter((one) => one.protocol === protocol);
  test.each(
    IDENTITIES.map(
      (identity) => [`${identity.name || 'nobody'} (${identity.password ?? 'no password'})`, identity] as const,
    ),
  )('%s may what the table says', async (_, identity) => {
    const own = cases.filter((one) => one.identity === identity);
    const client: Operations | undefined = await CLIENTS[protocol](identity, entranceOf(protocol));
    expect(client !== undefined, 'connects').toBe(identity.connects);
    if (client === undefined) return;
    const differences: string[] = [];
    try {
      for (const one of own) {
        const run = client.operations[one.operation];
        if (run === undefined) throw new Error(`no ${one.operation} over ${protocol}`);
        const found = await run(one.address, one.allowed);
        if (found !== one.allowed) differences.push(describeCase(one, found));
      }
    } finally {
      await client.close();
    }
    expect(differences).toEqual([]);
  });
});
