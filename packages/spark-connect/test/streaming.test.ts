import { describe, expect, it } from 'vitest';
import { parseProgress } from '../src/streaming/progress.js';
import { parseEvent } from '../src/streaming/query-event.js';
import { connectTo, startServer } from './connecting.js';
import type { ResponseInit } from './scripted-server.js';

const QUERY = { id: '1e6d8bb2', runId: '7c156afd' };
const complete: ResponseInit = { responseId: 'c', responseType: { case: 'resultComplete', value: {} } };

function answer(value: object): { responses: ResponseInit[] } {
  const responseType = { case: 'streamingQueryCommandResult', value: { queryId: QUERY, resultType: value } };
  return { responses: [{ responseId: 'r', responseType } as ResponseInit, complete] };
}

async function queryWith(result: object) {
  const server = await startServer();
  server.onStream('executePlan', answer(result));
  const spark = await connectTo(server);
  return { server, query: spark.streams.handle(QUERY) };
}

describe('a streaming query', () => {
  it('is started with all that was said of it', async () => {
    const server = await startServer();
    const started = { queryId: QUERY, name: 'job' };
    const responseType = { case: 'writeStreamOperationStartResult', value: started } as const;
    server.onStream('executePlan', { responses: [{ responseId: 'r', responseType }, complete] });
    const spark = await connectTo(server);
    const query = await spark.readStream
      .format('amqp')
      .schema('time TIMESTAMP, body STRING')
      .options({ address: 'temperature', port: 5672, tls: false })
      .load()
      .withWatermark('time', '0 seconds')
      .writeStream.format('amqp')
      .option('checkpointLocation', '/c')
      .trigger({ processingTime: '500 milliseconds' })
      .outputMode('append')
      .queryName('job')
      .partitionBy('a')
      .start();
    expect(query).toMatchObject({ ...QUERY, name: 'job' });
    const { value } = server.requests('executePlan')[0].plan.opType.value.commandType;
    expect(value).toMatchObject({
      format: 'amqp',
      options: { checkpointLocation: '/c' },
      trigger: { case: 'processingTimeInterval', value: '500 milliseconds' },
      outputMode: 'append',
      queryName: 'job',
      partitioningColumnNames: ['a'],
    });
    const { relType } = value.input;
    expect(relType).toMatchObject({ case: 'withWatermark', value: { eventTime: 'time', delayThreshold: '0 seconds' } });
    expect(relType.value.input.relType.value).toMatchObject({
      isStreaming: true,
      readType: {
        value: {
          format: 'amqp',
          schema: 'time TIMESTAMP, body STRING',
          options: { address: 'temperature', port: '5672', tls: 'false' },
        },
      },
    });
  });

  it('tells its state; what proto3 leaves out is false', async () => {
    const { query } = await queryWith({ case: 'status', value: { statusMessage: 'Stopped' } });
    expect(await query.status()).toEqual({
      isActive: false,
      isDataAvailable: false,
      isTriggerActive: false,
      message: 'Stopped',
    });
  });

  it('has no progress before its first batch', async () => {
    const { query } = await queryWith({ case: 'recentProgress', value: { recentProgressJson: [] } });
    expect(await query.lastProgress()).toBeUndefined();
    expect(await query.recentProgress()).toEqual([]);
  });

  it('that failed says why, by the condition behind STREAM_FAILED', async () => {
    const message =
      'org.apache.spark.sql.streaming.StreamingQueryException: [STREAM_FAILED] Query [id = 1e6d8bb2] terminated ' +
      'with exception: [CAST_INVALID_INPUT] The value … SQLSTATE: 22018 SQLSTATE: XXKST';
    const exception = { exceptionMessage: message, errorClass: 'STREAM_FAILED', stackTrace: 'a\nb' };
    const { query } = await queryWith({ case: 'exception', value: exception });
    expect(await query.exception()).toMatchObject({
      errorClass: 'CAST_INVALID_INPUT',
      sqlState: '22018',
      message,
      serverStackTrace: ['a', 'b'],
    });
  });

  it('that did not fail has no exception', async () => {
    const { query } = await queryWith({ case: 'exception', value: {} });
    expect(await query.exception()).toBeUndefined();
  });

  it('is waited for, with and without a limit', async () => {
    const { query, server } = await queryWith({ case: 'awaitTermination', value: { terminated: false } });
    expect(await query.awaitTermination(10.2)).toBe(false);
    expect(await query.awaitTermination()).toBe(true);
    const commands = server.requests('executePlan').map(({ plan }) => plan.opType.value.commandType.value.command);
    expect(commands.map(({ value }) => value.timeoutMs)).toEqual([11n, undefined]);
  });
});

describe('progress', () => {
  it('without totals is the sum over the sources', () => {
    const progress = parseProgress(
      JSON.stringify({
        ...QUERY,
        name: null,
        batchId: 3,
        sources: [
          { numInputRows: 2, inputRowsPerSecond: 'NaN' },
          { numInputRows: 5, processedRowsPerSecond: 1.5 },
        ],
        sink: { description: 'x' },
      }),
    );
    expect(progress).toMatchObject({ batchId: 3, numInputRows: 7, inputRowsPerSecond: 0, processedRowsPerSecond: 1.5 });
    expect(progress.sink.numOutputRows).toBe(-1);
    expect(progress.eventTime).toEqual({});
  });

  it('that is no JSON is an error', () => {
    expect(() => parseProgress('{')).toThrow('is not JSON');
  });
});

describe('an event', () => {
  it('is progress, an idle time or an end', () => {
    expect(parseEvent(JSON.stringify({ progress: { batchId: 4 } }), 1)).toMatchObject({
      kind: 'progress',
      progress: { batchId: 4 },
    });
    expect(parseEvent(JSON.stringify({ ...QUERY, timestamp: 't' }), 3)).toEqual({
      kind: 'idle',
      ...QUERY,
      timestamp: 't',
    });
    const end = { ...QUERY, exception: 'x.Y: [A_B] no\n\tat x\n\tat y', errorClassOnException: 'A_B' };
    expect(parseEvent(JSON.stringify(end), 2)).toEqual({
      kind: 'terminated',
      ...QUERY,
      exception: 'x.Y: [A_B] no',
      errorClass: 'A_B',
    });
  });
});
