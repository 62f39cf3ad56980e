import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { SparkClientError, SparkConnectionError, SparkError } from '../src/errors.js';
import { rowsAsArrow } from './arrow-rows.js';
import { connectTo, startServer } from './connecting.js';
import { Refusal, type ResponseInit } from './scripted-server.js';

/** A response with one row of the column `id`. */
function row(id: number): ResponseInit {
  return {
    responseId: `r${id}`,
    serverSideSessionId: 'server-1',
    responseType: { case: 'arrowBatch', value: { rowCount: 1n, data: rowsAsArrow([id]) } },
  };
}

const complete: ResponseInit = { responseId: 'last', responseType: { case: 'resultComplete', value: {} } };
const unavailable = new Refusal(status.UNAVAILABLE, 'connection lost');
const condition = (errorClass: string) => new Refusal(status.INTERNAL, `[${errorClass}] no`, { errorClass });

async function ids(rows: AsyncIterable<Record<string, unknown>>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { id } of rows) found.push(id);
  return found;
}

describe('an execution', () => {
  it('asks for a reattachable operation and releases all of it at its end', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1), row(2), complete] });
    const spark = await connectTo(server);
    expect(await ids(spark.range(0, 2).rows())).toEqual([1, 2]);
    await spark.disconnect();
    const [request] = server.requests('executePlan');
    expect(request.requestOptions[0].requestOption.value.reattachable).toBe(true);
    const releases = server.requests('releaseExecute');
    expect(releases.at(-1)).toMatchObject({ operationId: request.operationId, release: { case: 'releaseAll' } });
    expect(releases[0].release).toMatchObject({ case: 'releaseUntil', value: { responseId: 'r1' } });
  });

  it('gets exactly the rest after the stream broke', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1), row(2)], ending: unavailable });
    server.onStream('reattachExecute', { responses: [row(3)], ending: unavailable }, { responses: [row(4), complete] });
    const spark = await connectTo(server);
    expect(await ids(spark.range(0, 2).rows())).toEqual([1, 2, 3, 4]);
    const [{ operationId }] = server.requests('executePlan');
    expect(server.requests('reattachExecute')).toMatchObject([
      { operationId, lastResponseId: 'r2' },
      { operationId, lastResponseId: 'r3' },
    ]);
  });

  it('reattaches when the server ends a stream without completing it', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1)] });
    server.onStream('reattachExecute', { responses: [complete] });
    const spark = await connectTo(server);
    expect(await ids(spark.range(0, 2).rows())).toEqual([1]);
  });

  it('starts anew when the first call never reached the server', async () => {
    const server = await startServer();
    server.onStream('executePlan', { ending: unavailable }, { responses: [row(1), complete] });
    server.onStream('reattachExecute', { ending: condition('INVALID_HANDLE.OPERATION_NOT_FOUND') });
    const spark = await connectTo(server);
    expect(await ids(spark.range(0, 2).rows())).toEqual([1]);
    const [first, second] = server.requests('executePlan');
    expect(second.operationId).toBe(first.operationId);
  });

  it('reattaches when the first call did reach the server', async () => {
    const server = await startServer();
    server.onStream('executePlan', { ending: condition('INVALID_HANDLE.OPERATION_ALREADY_EXISTS') });
    server.onStream('reattachExecute', { responses: [row(1), complete] });
    const spark = await connectTo(server);
    expect(await ids(spark.range(0, 2).rows())).toEqual([1]);
  });

  it('fails when the server lost an operation of which rows were handed on', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1)], ending: unavailable });
    server.onStream('reattachExecute', { ending: condition('INVALID_HANDLE.OPERATION_NOT_FOUND') });
    const spark = await connectTo(server);
    const failure = ids(spark.range(0, 2).rows());
    await expect(failure).rejects.toMatchObject({ errorClass: 'INVALID_HANDLE.OPERATION_NOT_FOUND' });
    expect(server.requests('executePlan')).toHaveLength(1);
  });

  it('fails at once when a server that was started anew does not know the session', async () => {
    const server = await startServer();
    server.onStream('executePlan', { ending: unavailable }, { ending: condition('INVALID_HANDLE.SESSION_NOT_FOUND') });
    server.onStream('reattachExecute', { ending: condition('INVALID_HANDLE.SESSION_NOT_FOUND') });
    const spark = await connectTo(server);
    await expect(ids(spark.range(0, 2).rows())).rejects.toMatchObject({ sessionIsGone: true });
    expect(server.requests('executePlan')).toHaveLength(2);
    expect(server.requests('reattachExecute')).toHaveLength(1);
  });

  it('gives up after its retries and says how often it tried', async () => {
    const server = await startServer();
    server.onStream('executePlan', { ending: unavailable });
    server.onStream('reattachExecute', { ending: unavailable });
    const spark = await connectTo(server);
    const error = await ids(spark.range(0, 2).rows()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SparkConnectionError);
    expect(error).toMatchObject({ status: 'UNAVAILABLE', attempts: 5 });
    expect(server.requests('reattachExecute')).toHaveLength(4);
  });

  it('does not turn around for ever on streams that bring nothing', async () => {
    const server = await startServer();
    server.onStream('executePlan', {});
    server.onStream('reattachExecute', {});
    const spark = await connectTo(server);
    await expect(ids(spark.range(0, 2).rows())).rejects.toThrow(SparkClientError);
    expect(server.requests('reattachExecute')).toHaveLength(4);
  });

  it('comes back when the server asks for it', async () => {
    const server = await startServer();
    server.onStream('executePlan', { ending: new Refusal(status.RESOURCE_EXHAUSTED, 'busy', {}, 3) });
    server.onStream('reattachExecute', { responses: [row(1), complete] });
    const spark = await connectTo(server);
    expect(await ids(spark.range(0, 2).rows())).toEqual([1]);
  });

  it('does not repeat what Spark refused', async () => {
    const server = await startServer();
    server.onStream('executePlan', { ending: condition('DIVIDE_BY_ZERO') });
    const spark = await connectTo(server);
    const error = await ids(spark.range(0, 2).rows()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SparkError);
    expect(server.requests('executePlan')).toHaveLength(1);
    expect(server.requests('reattachExecute')).toHaveLength(0);
  });

  it('is released and cancelled when its reader leaves early', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1), row(2)], ending: 'stay' });
    const spark = await connectTo(server);
    for await (const { id } of spark.range(0, 2).rows()) {
      expect(id).toBe(1);
      break;
    }
    await spark.disconnect();
    expect(server.requests('releaseExecute').at(-1).release.case).toBe('releaseAll');
    expect(server.cancelled).toEqual(['executePlan']);
  });

  it('ends with the reason of an abort', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1)], ending: 'stay' });
    const spark = await connectTo(server);
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const { id } of spark.range(0, 2).rows({ signal: controller.signal }))
        if (id === 1) setTimeout(() => controller.abort(reason), 5);
    })();
    await expect(reading).rejects.toBe(reason);
    await spark.disconnect();
    expect(server.requests('releaseExecute').at(-1).release.case).toBe('releaseAll');
    expect(server.requests('reattachExecute')).toHaveLength(0);
  });

  it('does not start at all when it was aborted before', async () => {
    const server = await startServer();
    const spark = await connectTo(server);
    const signal = AbortSignal.abort(new Error('never mind'));
    await expect(spark.range(0, 2).collect({ signal })).rejects.toThrow('never mind');
    expect(server.requests('executePlan')).toHaveLength(0);
  });

  it('without reattaching takes the end of the stream as the end, and a broken one as an error', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [row(1)] }, { responses: [row(1)], ending: unavailable });
    const spark = await connectTo(server, { reattach: 'never' });
    expect(await ids(spark.range(0, 2).rows())).toEqual([1]);
    await expect(ids(spark.range(0, 2).rows())).rejects.toThrow(SparkConnectionError);
    expect(server.requests('executePlan')[0].requestOptions).toEqual([]);
    expect(server.requests('reattachExecute')).toEqual([]);
    expect(server.requests('releaseExecute')).toEqual([]);
  });

  it('carries the tags of the session and its own', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [complete] });
    const spark = await connectTo(server);
    spark.tags.add('job-1');
    spark.tags.add('all');
    await spark.range(0, 1).collect({ tags: ['this', 'all'] });
    spark.tags.remove('job-1');
    await spark.range(0, 1).collect();
    spark.tags.clear();
    await spark.range(0, 1).collect();
    expect(server.requests('executePlan').map(({ tags }) => tags)).toEqual([['job-1', 'all', 'this'], ['all'], []]);
    expect(() => spark.tags.add('a,b')).toThrow(SparkClientError);
    expect(() => spark.tags.add('')).toThrow(SparkClientError);
  });

  it('hands on how far it is, and no row of it', async () => {
    const server = await startServer();
    const stages = [{ stageId: 3n, numTasks: 4n, numCompletedTasks: 1n, inputBytesRead: 5n, done: false }];
    const value = { numInflightTasks: 2n, stages };
    const progress: ResponseInit = { responseId: 'p', responseType: { case: 'executionProgress', value } };
    server.onStream('executePlan', { responses: [progress, row(1), complete] });
    const spark = await connectTo(server);
    const told: unknown[] = [];
    expect(await spark.range(0, 1).collect({ onProgress: (step) => told.push(step) })).toEqual([{ id: 1 }]);
    const stage = { id: 3, tasks: 4, completedTasks: 1, inputBytes: 5, isDone: false };
    expect(told).toEqual([{ runningTasks: 2, stages: [stage] }]);
  });

  it('refuses a batch that has other rows than it says', async () => {
    const server = await startServer();
    const batch = { rowCount: 2n, data: rowsAsArrow([1]) };
    server.onStream('executePlan', { responses: [{ responseType: { case: 'arrowBatch', value: batch } }, complete] });
    const spark = await connectTo(server);
    await expect(spark.range(0, 1).collect()).rejects.toThrow('announced 2 rows');
  });
});
