import { readFileSync, writeFileSync } from 'node:fs';
import { toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConnectionString } from '../../src/connection-string.js';
import { DataTypeSchema } from '../../src/generated/types_pb.js';
import { OperationTags } from '../../src/operation-tags.js';
import { DEFAULT_RETRY_POLICY } from '../../src/retry-policy.js';
import { ServiceClient } from '../../src/service-client.js';
import { SessionContext } from '../../src/session-context.js';
import { Transport } from '../../src/transport.js';
import { TYPE_TABLE } from '../type-table.js';
import { SparkServer } from './spark-server.js';

/** With RECORD_TYPES=1 the answers that test/arrow.test.ts reads are recorded anew; without it this does nothing. */
const FIXTURE = new URL('../fixtures/arrow-types.json', import.meta.url);
const isRecording = process.env.RECORD_TYPES === '1';

let server: SparkServer | undefined;
beforeAll(async () => {
  if (isRecording) server = await SparkServer.start();
});
afterAll(() => server?.stop());

it.runIf(isRecording)('answers are recorded', async () => {
  const client = new ServiceClient(new Transport(parseConnectionString(server!.url)), {
    identity: { sessionId: crypto.randomUUID(), userId: 'test', clientType: 'recorder' },
    retry: DEFAULT_RETRY_POLICY,
    clock: { now: () => performance.now(), random: Math.random },
  });
  const context = new SessionContext(client, new OperationTags(), 'always');
  const recorded: Record<string, { schema: string; data: string[] }> = {};
  for (const [expression] of TYPE_TABLE) {
    const query = `SELECT CASE WHEN n = 1 THEN NULL ELSE ${expression} END AS v FROM VALUES (0), (1), (2) AS t(n) ORDER BY n`;
    const entry = { schema: '', data: [] as string[] };
    const root = { relType: { case: 'sql', value: { query } } } as const;
    for await (const { schema, responseType } of context.execute({ opType: { case: 'root', value: root } })) {
      if (schema !== undefined) entry.schema = Buffer.from(toBinary(DataTypeSchema, schema)).toString('base64');
      if (responseType.case === 'arrowBatch') entry.data.push(Buffer.from(responseType.value.data).toString('base64'));
    }
    recorded[expression] = entry;
  }
  client.close();
  writeFileSync(FIXTURE, `${JSON.stringify(recorded, null, 1)}\n`);
});

it('there is a recorded answer for each entry of the table', () => {
  const recorded = Object.keys(JSON.parse(readFileSync(FIXTURE, 'utf8')));
  expect(recorded).toEqual(TYPE_TABLE.map(([expression]) => expression));
});
