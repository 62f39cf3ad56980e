/** What programs read of the command line has a shape that is written down: REST's own schemas, and those below. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@millrace/amqp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { ANSWER_SCHEMAS } from '../../../packages/server/src/http/openapi-schemas.js';
import { job, queue, startTestServer, type TestServer } from './running-server.js';

let cli: TestServer;
let folder: string;
let close: () => Promise<void>;
beforeAll(async () => {
  cli = await startTestServer([queue('in'), queue('out'), job('copy', 'INSERT INTO out SELECT body FROM STREAM in')]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-json-'));
  const { host, port } = cli.server.endpoints.find(({ protocol }) => protocol === 'amqp')!;
  const connection = await connect({ host, port });
  await connection.openReceiver('out', { credit: 0 });
  await cli.run('publish out a');
  close = () => connection.close();
});
afterAll(async () => {
  await close();
  await cli.server.close();
  await rm(folder, { recursive: true });
});

const schemas = ANSWER_SCHEMAS as Readonly<Record<string, z.ZodType>>;
/** The items of a page of REST. */
const listOf = (name: string): z.ZodType => z.array(schemas[name]!);
const setting = z.strictObject({ setting: z.string(), value: z.unknown(), origin: z.string() });
const finding = z.strictObject({
  check: z.string(),
  state: z.enum(['well', 'warning', 'fault']),
  detail: z.string(),
  fix: z.string().optional(),
});
const rates = z.strictObject({
  time: z.iso.datetime(),
  seconds: z.number().positive(),
  addresses: z.array(
    z.strictObject({
      name: z.string(),
      stored: z.number(),
      inPerSecond: z.number(),
      outPerSecond: z.number(),
      senders: z.number(),
      receivers: z.number(),
    }),
  ),
  jobs: z.array(
    z.strictObject({
      name: z.string(),
      phase: z.string(),
      rowsInPerSecond: z.number(),
      rowsOutPerSecond: z.number(),
      backlog: z.number(),
    }),
  ),
  connections: z.array(
    z.strictObject({
      id: z.string(),
      protocol: z.string(),
      container: z.string(),
      deliveriesPerSecond: z.number(),
      links: z.number(),
      unsettled: z.number(),
    }),
  ),
});
const flow = z.strictObject({
  nodes: z.array(z.strictObject({ id: z.string(), kind: z.enum(['address', 'job', 'client']), label: z.string() })),
  edges: z.array(z.strictObject({ from: z.string(), to: z.string() })),
});
const context = z.strictObject({ name: z.string(), server: z.string(), token: z.boolean(), current: z.boolean() });

const CASES: readonly (readonly [string, z.ZodType])[] = [
  ['get addresses -o json', listOf('Address')],
  ['get address in -o json', schemas.Address!],
  ['get jobs -o json', listOf('Job')],
  ['get connections -o json', listOf('Connection')],
  ['get subscriptions -o json', listOf('Subscription')],
  ['browse out -o json', listOf('Message')],
  ['dead-letters list out -o json', listOf('Message')],
  ['status -o json', schemas.ServerStatus!],
  ['explain copy -o json', schemas.SqlAnalysis!],
  ['config show --origin -o json', z.array(setting)],
  ['doctor -o json', z.array(finding)],
  ['top --interval 100ms -o json', rates],
  ['flow -o json', flow],
  ['context list -o json', z.array(context)],
  [
    'diff -f examples/max-temperature -o json',
    z.array(
      schemas.ApplyAnswer instanceof z.ZodObject
        ? ((schemas.ApplyAnswer.shape.results as z.ZodArray).element as z.ZodType)
        : z.unknown(),
    ),
  ],
];

it.each(CASES)('%s', async (line, schema) => {
  const { output, notes } = await cli.run(line, { environment: { XDG_CONFIG_HOME: folder } });
  const read = schema.safeParse(JSON.parse(output));
  expect(read.error?.issues ?? [], notes).toEqual([]);
});
