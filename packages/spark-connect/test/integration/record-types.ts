/**
 * Records anew what test/arrow.test.ts reads, from a running server:
 * `npx tsx --conditions=source packages/spark-connect/test/integration/record-types.ts sc://localhost:15002`.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { toBinary } from '@bufbuild/protobuf';
import { parseConnectionString } from '../../src/connection-string.js';
import { DataTypeSchema } from '../../src/generated/types_pb.js';
import { OperationTags } from '../../src/operation-tags.js';
import { DEFAULT_RETRY_POLICY } from '../../src/retry-policy.js';
import { ServiceClient } from '../../src/service-client.js';
import { SessionContext } from '../../src/session-context.js';
import { Transport } from '../../src/transport.js';
import { TYPE_TABLE } from '../type-table.js';

const client = new ServiceClient(new Transport(parseConnectionString(process.argv[2] ?? 'sc://localhost:15002')), {
  identity: { sessionId: randomUUID(), userId: 'test', clientType: 'recorder' },
  retry: DEFAULT_RETRY_POLICY,
  clock: { now: () => performance.now(), random: Math.random },
});
const context = new SessionContext(client, new OperationTags(), 'always');

/** Schema and batches of the expression as the column `v`, in rows of value, NULL and value. */
async function record(expression: string): Promise<{ schema: string; data: string[] }> {
  const query = `SELECT CASE WHEN n = 1 THEN NULL ELSE ${expression} END AS v FROM VALUES (0), (1), (2) AS t(n) ORDER BY n`;
  const entry = { schema: '', data: [] as string[] };
  const root = { relType: { case: 'sql', value: { query } } } as const;
  for await (const { schema, responseType } of context.execute({ opType: { case: 'root', value: root } })) {
    if (schema !== undefined) entry.schema = Buffer.from(toBinary(DataTypeSchema, schema)).toString('base64');
    if (responseType.case === 'arrowBatch') entry.data.push(Buffer.from(responseType.value.data).toString('base64'));
  }
  return entry;
}

const recorded: Record<string, Awaited<ReturnType<typeof record>>> = {};
for (const [expression] of TYPE_TABLE) recorded[expression] = await record(expression);
await client.settled();
client.close();
writeFileSync(new URL('../fixtures/arrow-types.json', import.meta.url), `${JSON.stringify(recorded, null, 1)}\n`);
