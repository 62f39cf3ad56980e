import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseConnectionString } from '../src/connection-string.js';
import { SparkClientError } from '../src/errors.js';
import { RelationSchema } from '../src/generated/relations_pb.js';
import { Transport } from '../src/transport.js';
import { connectTo, startServer } from './connecting.js';
import { method, Refusal, type ResponseInit } from './scripted-server.js';

const SESSION = '0f8fad5b-d9cb-469f-a165-70867728950e';
const complete: ResponseInit = { responseId: 'c', responseType: { case: 'resultComplete', value: {} } };

describe('a session', () => {
  it('names itself, its user and the token with each call', async () => {
    const server = await startServer();
    const parameters = `;user_id=ada;session_id=${SESSION};token=abc;x-cluster=blue;user_agent=mine`;
    const spark = await connectTo(server, { parameters, config: { 'spark.sql.ansi.enabled': true } });
    expect(spark.sessionId).toBe(SESSION);
    const [version, config] = server.calls;
    expect(version?.request).toMatchObject({ sessionId: SESSION, userContext: { userId: 'ada' } });
    expect(version?.request.clientType).toMatch(/^mine millrace-spark-connect/);
    expect(version?.metadata.get('authorization')).toEqual(['Bearer abc']);
    expect(version?.metadata.get('x-cluster')).toEqual(['blue']);
    expect(config?.request.operation.opType.value.pairs).toMatchObject([
      { key: 'spark.sql.ansi.enabled', value: 'true' },
    ]);
    // So that a server that was started anew is noticed.
    expect(version?.request.clientObservedServerSideSessionId).toBeUndefined();
    expect(config?.request.clientObservedServerSideSessionId).toBe('server-1');
  });

  it('is left as it is by disconnect, and ended by stop', async () => {
    const server = await startServer();
    const left = await connectTo(server);
    await left.disconnect();
    await left.disconnect();
    expect(server.requests('releaseSession')).toEqual([]);
    const ended = await connectTo(server);
    await ended.stop();
    await ended.stop();
    expect(server.requests('releaseSession')).toMatchObject([{ sessionId: ended.sessionId }]);
    await expect(ended.version()).rejects.toThrow(SparkClientError);
    await expect(ended.range(0, 1).collect()).rejects.toThrow('the session is closed');
  });

  it('that the server does not know any more is ended too', async () => {
    const server = await startServer();
    const errorClass = 'INVALID_HANDLE.SESSION_CHANGED';
    server.on('releaseSession', new Refusal(status.INTERNAL, `[${errorClass}] no`, { errorClass }));
    const spark = await connectTo(server);
    await spark.stop();
    const other = await connectTo(server);
    server.on('releaseSession', new Refusal(status.PERMISSION_DENIED, 'no'));
    await expect(other.stop()).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
    await expect(other.version()).rejects.toThrow('the session is closed');
  });

  it('sends back a relation of a kind that the client does not know as it came', async () => {
    const server = await startServer();
    const relation = create(RelationSchema);
    const field = { no: 200, wireType: 2, data: Uint8Array.of(3, 1, 2, 3) };
    relation.$unknown = [field];
    const responseType = { case: 'sqlCommandResult', value: { relation } } as const;
    server.onStream('executePlan', { responses: [{ responseId: 'r', responseType }, complete] });
    const spark = await connectTo(server);
    await (await spark.sql('SHOW CATALOGS')).limit(1).collect();
    const { value } = server.requests('executePlan')[1].plan.opType.value.relType;
    const [{ data, ...rest }] = value.input.$unknown;
    expect({ ...rest, data: Uint8Array.from(data) }).toEqual(field);
  });

  it('is refused with an id that is no UUID', async () => {
    const server = await startServer();
    await expect(connectTo(server, { sessionId: 'mine' })).rejects.toThrow('is not a UUID');
  });

  it('interrupts all, by tag and by operation', async () => {
    const server = await startServer();
    server.on('interrupt', { interruptedIds: ['o1'] });
    const spark = await connectTo(server);
    expect(await spark.interruptAll()).toEqual(['o1']);
    await spark.interruptTag('t');
    await spark.interruptOperation('o');
    expect(server.requests('interrupt')).toMatchObject([
      { interruptType: 1, interrupt: { case: undefined } },
      { interruptType: 2, interrupt: { case: 'operationTag', value: 't' } },
      { interruptType: 3, interrupt: { case: 'operationId', value: 'o' } },
    ]);
    expect(() => spark.interruptTag('a,b')).toThrow(SparkClientError);
  });

  it('sends SQL arguments by name or by position', async () => {
    const server = await startServer();
    const result: ResponseInit = { responseId: 'r', responseType: { case: 'sqlCommandResult', value: {} } };
    server.onStream('executePlan', { responses: [result, complete] });
    const spark = await connectTo(server);
    await spark.sql('SELECT :a', { a: 1 });
    await spark.sql('SELECT ?', ['x']);
    const [named, positional] = server
      .requests('executePlan')
      .map(({ plan }) => plan.opType.value.commandType.value.input.relType.value);
    expect(named.namedArguments.a.exprType.value.literalType).toMatchObject({ case: 'integer', value: 1 });
    expect(positional.posArguments[0].exprType.value.literalType).toMatchObject({ case: 'string', value: 'x' });
  });

  it('fails when a command is answered with something else', async () => {
    const server = await startServer();
    server.onStream('executePlan', { responses: [complete] });
    const spark = await connectTo(server);
    await expect(spark.sql('SELECT 1')).rejects.toThrow('did not answer the command with sqlCommandResult');
  });
});

describe('configuration', () => {
  it('tells what is there and what is not', async () => {
    const server = await startServer();
    server.on('config', { pairs: [{ key: 'a' }] });
    const spark = await connectTo(server);
    expect(await spark.conf.getOption('a')).toBeUndefined();
    await expect(spark.conf.getOption('b')).rejects.toThrow('did not answer for b');
    server.on('config', { pairs: [{ key: 'a', value: 'true' }] });
    expect(await spark.conf.isModifiable('a')).toBe(true);
    expect(await spark.conf.getAll('a')).toEqual({ a: 'true' });
    await spark.conf.unset('a');
    expect(server.requests('config').at(-1).operation.opType).toMatchObject({ case: 'unset', value: { keys: ['a'] } });
  });
});

describe('artifacts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'artifacts-'));
    await writeFile(join(folder, 'big.jar'), Buffer.alloc(70_000, 7));
    await writeFile(join(folder, 'small.py'), 'print(1)');
    await writeFile(join(folder, 'empty.txt'), '');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('go in pieces with their checksums, into the folder of their kind', async () => {
    const server = await startServer();
    server.on('addArtifacts', { artifacts: [] });
    const spark = await connectTo(server);
    const files = ['big.jar', 'small.py', 'empty.txt'].map((name) => join(folder, name));
    await spark.addArtifacts(...files, { name: 'files/raw', data: Uint8Array.of(1) });
    const sent = server.requests('addArtifacts').map(({ payload }) => payload);
    expect(sent.map(({ case: kind }) => kind)).toEqual(['beginChunk', 'chunk', 'chunk', 'batch', 'batch', 'batch']);
    expect(sent[0].value).toMatchObject({ name: 'jars/big.jar', totalBytes: 70_000n, numChunks: 3n });
    const pieces = [sent[0].value.initialChunk, sent[1].value, sent[2].value];
    expect(Buffer.concat(pieces.map(({ data }) => data))).toEqual(readFileSync(files[0]!));
    for (const { data, crc } of pieces) expect(crc).toBe(BigInt(crc32(data)));
    const names = sent.slice(3).map(({ value }) => value.artifacts[0].name);
    expect(names).toEqual(['pyfiles/small.py', 'files/empty.txt', 'files/raw']);
  });

  it('are let go of when the server answers before it has all', async () => {
    const server = await startServer();
    server.refuseUploads = new Refusal(status.RESOURCE_EXHAUSTED, 'enough');
    const transport = new Transport(parseConnectionString(server.url));
    let isLeft = false;
    const pieces = async function* () {
      const value = { data: new Uint8Array(60_000), crc: 0n };
      try {
        for (;;) yield { payload: { case: 'chunk', value } } as const;
      } finally {
        isLeft = true;
      }
    };
    await expect(transport.clientStream(method.addArtifacts, pieces())).rejects.toMatchObject({ details: 'enough' });
    await vi.waitFor(() => expect(isLeft).toBe(true));
    transport.close();
  });

  it('that arrive damaged are an error, and so are names that lead elsewhere', async () => {
    const server = await startServer();
    server.on('addArtifacts', { artifacts: [{ name: 'files/raw', isCrcSuccessful: false }] });
    server.on('artifactStatus', { statuses: { 'files/raw': { exists: true } } });
    const spark = await connectTo(server);
    const data = Uint8Array.of(1);
    await expect(spark.addArtifacts({ name: 'files/raw', data })).rejects.toThrow('arrived damaged: files/raw');
    await expect(spark.addArtifacts({ name: 'files/../x', data })).rejects.toThrow('is no name of an artifact');
    await expect(spark.addArtifacts({ name: 'x', data })).rejects.toThrow('is no name of an artifact');
    await expect(spark.addArtifacts(join(folder, 'missing.jar'))).rejects.toThrow('ENOENT');
    expect(await spark.hasArtifact('files/raw')).toBe(true);
    expect(await spark.hasArtifact('files/other')).toBe(false);
  });
});
