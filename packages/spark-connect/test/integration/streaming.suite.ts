import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  SparkConnectionError,
  type SparkError,
  SparkSession,
  type StreamingQueryEvent,
  typeText,
} from '../../src/index.js';
import { SparkServer } from './spark-server.js';

let server: SparkServer;
let spark: SparkSession;
let checkpoints = 0;

beforeAll(async () => {
  server = await SparkServer.start({
    'spark.connect.execute.reattachable.senderMaxStreamDuration': '2s',
    'spark.connect.session.manager.defaultSessionTimeout': '-1',
  });
  spark = await SparkSession.connect(server.url);
});

afterAll(async () => {
  await spark?.stop().catch(() => undefined);
  await server?.stop();
});

function checkpoint(): string {
  return join(server.folder, `checkpoint-${checkpoints++}`);
}

async function failure(promise: Promise<unknown>): Promise<SparkError> {
  return (await promise.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  )) as SparkError;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await sleep(200);
  }
}

function rates(session: SparkSession, rowsPerSecond = 20) {
  return session.readStream.format('rate').option('rowsPerSecond', rowsPerSecond).load();
}

describe('a streaming query', () => {
  it('computes windows in SQL over a view with a watermark', async () => {
    await rates(spark).withWatermark('timestamp', '0 seconds').createOrReplaceTempView('rates');
    const windows = await spark.sql(
      "SELECT window.start AS start, count(*) AS n FROM STREAM rates GROUP BY window(timestamp, '1 second')",
    );
    expect(await windows.isStreaming()).toBe(true);
    const query = await windows.writeStream
      .format('memory')
      .queryName('windows')
      .outputMode('append')
      .option('checkpointLocation', checkpoint())
      .trigger({ processingTime: '300 milliseconds' })
      .start();
    expect(query.name).toBe('windows');
    expect(await query.isActive()).toBe(true);
    await until(async () => (await spark.table('windows').count()) >= 3, 'three windows');
    const counts = (await (await spark.sql('SELECT n FROM windows ORDER BY start')).collect()).map(({ n }) => n);
    expect(counts.slice(1, -1).every((n) => n === 20n)).toBe(true);
    const progress = await query.lastProgress();
    expect(progress).toMatchObject({ id: query.id, runId: query.runId, name: 'windows' });
    expect(progress?.eventTime.watermark).toMatch(/^20/);
    const recent = await query.recentProgress();
    expect(recent.reduce((sum, { numInputRows }) => sum + numInputRows, 0)).toBeGreaterThan(40);
    expect(await query.explain('extended')).toContain('Physical Plan');
    expect(await query.awaitTermination(50)).toBe(false);
    expect((await spark.streams.active()).map(({ id, name }) => [id, name])).toEqual([[query.id, 'windows']]);
    expect((await spark.streams.get(query.id))?.runId).toBe(query.runId);
    await query.stop();
    expect(await query.isActive()).toBe(false);
    expect(await query.exception()).toBeUndefined();
    expect(await query.awaitTermination()).toBe(true);
    expect(await spark.streams.get(query.id)).toBeUndefined();
  });

  it('may have its watermark in the SQL text', async () => {
    await rates(spark).createOrReplaceTempView('plain_rates');
    const frame = await spark.sql(
      `SELECT window.end, max(value) AS value
      FROM STREAM plain_rates WATERMARK timestamp DELAY OF INTERVAL 0 SECONDS
      GROUP BY window(timestamp, :length)`,
      { length: '5 seconds' },
    );
    expect(await frame.isStreaming()).toBe(true);
    expect((await frame.schema()).fields.map(({ name, type }) => [name, typeText(type)])).toEqual([
      ['end', 'TIMESTAMP'],
      ['value', 'BIGINT'],
    ]);
    expect(await frame.explain('extended')).toContain('EventTimeWatermark');
  });

  it('is waited for longer than the server keeps a stream', async () => {
    const query = await rates(spark).writeStream.format('noop').option('checkpointLocation', checkpoint()).start();
    let ended = false;
    const waiting = query.awaitTermination().then((value) => {
      ended = value;
    });
    await sleep(5000);
    expect(ended).toBe(false);
    await query.stop();
    await waiting;
    expect(ended).toBe(true);
  });

  it('that reads what is there ends by itself', async () => {
    const folder = join(server.folder, 'table');
    await spark.range(0, 100).write.format('parquet').save(folder);
    const query = await spark.readStream
      .format('parquet')
      .schema('id BIGINT')
      .load(folder)
      .writeStream.format('parquet')
      .option('checkpointLocation', checkpoint())
      .trigger({ availableNow: true })
      .start(join(server.folder, 'copy'));
    expect(await query.awaitTermination()).toBe(true);
    expect(await spark.read.format('parquet').load(join(server.folder, 'copy')).count()).toBe(100);
  });

  it('that fails says why, to who waits and to who asks', async () => {
    await rates(spark).createOrReplaceTempView('rates');
    const frame = await spark.sql("SELECT CAST(concat('x', value) AS INT) AS n FROM STREAM rates");
    const query = await frame.writeStream.format('noop').option('checkpointLocation', checkpoint()).start();
    const error = await failure(query.awaitTermination());
    expect(error.errorClass).toBe('STREAM_FAILED');
    expect((error.cause as SparkError).errorClass).toBe('CAST_INVALID_INPUT');
    expect(await query.exception()).toMatchObject({ errorClass: 'CAST_INVALID_INPUT', sqlState: '22018' });
    expect((await failure(spark.streams.awaitAnyTermination())).errorClass).toBe('STREAM_FAILED');
    await spark.streams.resetTerminated();
    expect(await spark.streams.awaitAnyTermination(50)).toBe(false);
  });

  it('that cannot be is refused at its start', async () => {
    const frame = await spark.sql('SELECT count(*) AS n FROM STREAM rates');
    const start = frame.writeStream.format('noop').outputMode('append').option('checkpointLocation', checkpoint());
    expect((await failure(start.start())).errorClass).toMatch(/^STREAMING_OUTPUT_MODE/);
    const missing = spark.readStream.format('no-such-source').load().schema();
    expect((await failure(missing)).errorClass).toBe('DATA_SOURCE_NOT_FOUND');
  });

  it('is reported as it goes', async () => {
    const events: StreamingQueryEvent[] = [];
    const controller = new AbortController();
    let listening = false;
    const reading = (async () => {
      const options = { signal: controller.signal, onReady: () => (listening = true) };
      for await (const event of spark.streams.events(options)) events.push(event);
    })();
    await until(async () => listening, 'the server listens');
    const query = await rates(spark).writeStream.format('noop').option('checkpointLocation', checkpoint()).start();
    const seen = (kind: string) => events.some((event) => event.kind === kind);
    await until(async () => seen('progress'), 'progress');
    await query.stop();
    await until(async () => seen('terminated'), 'the end');
    expect(events.find(({ kind }) => kind === 'terminated')).toMatchObject({ id: query.id, runId: query.runId });
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('a session', () => {
  it('and its queries are found again by who knows the id', async () => {
    const sessionId = randomUUID();
    const first = await SparkSession.connect(server.url, { sessionId });
    const query = await rates(first).writeStream.format('noop').option('checkpointLocation', checkpoint()).start();
    await first.disconnect();
    const second = await SparkSession.connect(server.url, { sessionId });
    expect((await second.streams.active()).map(({ runId }) => runId)).toEqual([query.runId]);
    expect(await second.streams.handle(query).isActive()).toBe(true);
    await second.stop();
    // Ending the session ended its queries, and the id is used up.
    const error = await failure(SparkSession.connect(server.url, { sessionId }));
    expect(error.errorClass).toBe('INVALID_HANDLE.SESSION_CLOSED');
  });

  it('on a server that was killed is made anew, and a query goes on from its checkpoint', async () => {
    const location = checkpoint();
    const before = await SparkSession.connect(server.url, { retry: { maxElapsedMs: 2000 } });
    const start = (session: SparkSession) =>
      rates(session).writeStream.format('noop').option('checkpointLocation', location).start();
    const first = await start(before);
    await until(async () => ((await first.lastProgress())?.batchId ?? 0) > 0, 'a batch');
    await server.kill();
    expect(await failure(first.status())).toBeInstanceOf(SparkConnectionError);
    await server.run();
    // The same session id on another server: the client is told that its views and queries are gone.
    const isGone = async () => (await failure(first.status())).sessionIsGone === true;
    await until(isGone, 'the new server was reached and does not know the session');
    await before.disconnect();
    const after = await SparkSession.connect(server.url);
    const second = await start(after);
    expect(second.id).toBe(first.id);
    expect(second.runId).not.toBe(first.runId);
    await after.stop();
    spark = await SparkSession.connect(server.url);
  });
});
