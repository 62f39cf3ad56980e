import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DataFrame,
  LocalTimestamp,
  literal,
  type OperationOptions,
  type SparkError,
  SparkSession,
  schemaText,
  typeText,
} from '../../src/index.js';
import { rowsAsArrow } from '../arrow-rows.js';
import { TYPE_TABLE, typeQuery } from '../type-table.js';
import { CuttingProxy } from './cutting-proxy.js';
import { SparkServer } from './spark-server.js';

let server: SparkServer;
let spark: SparkSession;

const ENDLESS = 'SELECT count(*) AS n FROM range(0, 1000000000000) WHERE xxhash64(id) = 42';

beforeAll(async () => {
  server = await SparkServer.start({
    // The server ends each stream after two seconds, which is two minutes by default: all that waits must reattach.
    'spark.connect.execute.reattachable.senderMaxStreamDuration': '2s',
    'spark.connect.grpc.arrow.maxBatchSize': '64k',
    'spark.connect.session.manager.defaultSessionTimeout': '-1',
  });
  spark = await SparkSession.connect(server.url);
});

afterAll(async () => {
  await spark?.stop().catch(() => undefined);
  await server?.stop();
});

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
    await sleep(100);
  }
}

describe('values', () => {
  it('of all types are what the table says', async () => {
    const frame = await spark.sql(typeQuery(TYPE_TABLE.map(([expression]) => expression)));
    const types = (await frame.schema()).fields.map(({ type }) => typeText(type));
    expect(types).toEqual(TYPE_TABLE.map(([, type]) => type));
    const row = TYPE_TABLE.map(([, , value]) => value);
    const found: unknown[] = [];
    for await (const tuple of frame.tuples()) found.push(tuple);
    expect(found).toEqual([row, row.map(() => null), row]);
  });

  it('go in as parameters and come back as they were', async () => {
    const given = {
      a: 1,
      b: [1.5, 2, null],
      c: new Map([['k', 3n]]),
      d: [],
      f: literal.decimal('-1.20'),
      g: literal.date('2020-02-29'),
      h: new LocalTimestamp(-5n),
      i: Uint8Array.of(1),
      j: [[1], [2]],
      k: null,
    };
    const names = Object.keys(given).map((name) => `:${name} AS ${name}`);
    const [row] = await (await spark.sql(`SELECT ${names.join(', ')}`, given)).collect();
    expect(row).toEqual({ ...given, f: '-1.20', g: '2020-02-29' });
    expect(await (await spark.sql('SELECT ? + ? AS sum', [1, 2])).collect()).toEqual([{ sum: 3 }]);
  });

  it('of a schema are named so that Spark reads them back', async () => {
    const ddl = 'a INT NOT NULL, `b c` ARRAY<STRUCT<x: DECIMAL(5,2), `y``z`: MAP<STRING, DATE>>>';
    expect(schemaText(await spark.parseSchema(ddl))).toBe(ddl);
  });
});

describe('relations', () => {
  it('are described without being run', async () => {
    const frame = spark
      .range(0, 10)
      .filter('id % 2 = 0')
      .select('id', 'id * 2 AS twice', "'x' AS label")
      .drop('label')
      .toDF('a', 'b');
    expect(await frame.count()).toBe(5);
    expect(await frame.offset(1).limit(2).collect()).toEqual([
      { a: 2n, b: 4n },
      { a: 4n, b: 8n },
    ]);
    expect(await frame.isStreaming()).toBe(false);
    expect(await frame.explain('extended')).toContain('Optimized Logical Plan');
    expect(await frame.treeString()).toContain('a: long');
    expect(await frame.limit(1).showString()).toContain('|  0|  0|');
    expect(await frame.unionAll(frame).dropDuplicates().count()).toBe(5);
  });

  it('have names in SQL', async () => {
    await spark.range(0, 3).createOrReplaceTempView('three');
    await spark.range(0, 4).createOrReplaceTempView('three');
    expect(await spark.table('three').count()).toBe(4);
    const error = await failure(spark.range(0, 1).createTempView('three', { whenExists: 'fail' }));
    expect(error.errorClass).toBe('TEMP_TABLE_OR_VIEW_ALREADY_EXISTS');
    expect(await (await spark.sql('SHOW VIEWS')).collect()).toMatchObject([{ viewName: 'three', isTemporary: true }]);
  });

  it('come from Arrow, and go to files', async () => {
    const path = join(server.folder, 'rows');
    await spark
      .fromArrow(rowsAsArrow([3, 1]))
      .write.format('parquet')
      .mode('overwrite')
      .save(path);
    const read = spark.read.format('parquet').load(path).select('id').alias('t');
    expect((await read.collect()).map(({ id }) => id).sort()).toEqual([1, 3]);
    const error = await failure(spark.range(0, 1).write.format('parquet').save(path));
    expect(error.errorClass).toBe('PATH_ALREADY_EXISTS');
  });

  it('without rows have columns', async () => {
    const batches = [];
    for await (const batch of spark.range(0, 0).batches()) batches.push(batch);
    expect(batches.map(({ rowCount, columnNames }) => [rowCount, columnNames])).toEqual([[0, ['id']]]);
    expect(await spark.range(0, 0).first()).toBeUndefined();
  });
});

describe('artifacts', () => {
  it('jars are on the class path of the session, and of no other', async () => {
    const greet = "SELECT java_method('dev.example.Greeting', 'greet', 'Ada') AS text";
    await spark.addArtifacts(join(import.meta.dirname, '../fixtures/greeting.jar'));
    expect(await (await spark.sql(greet)).collect()).toEqual([{ text: 'hello Ada' }]);
    await using other = await SparkSession.connect(server.url);
    expect((await failure(other.sql(greet))).errorClass).toBe('DATATYPE_MISMATCH.UNEXPECTED_CLASS_TYPE');
  });

  it('larger than one message arrive whole, once under a name', async () => {
    const data = Uint8Array.from({ length: 300_000 }, (_, index) => index & 255);
    await spark.addArtifacts({ name: 'files/large', data });
    const changed = spark.addArtifacts({ name: 'files/large', data: data.subarray(1) });
    expect(await failure(changed)).toMatchObject({ name: 'SparkError' });
  });
});

describe('configuration', () => {
  it('is set, read and taken back', async () => {
    await spark.conf.set('spark.sql.shuffle.partitions', 3);
    expect(await spark.conf.get('spark.sql.shuffle.partitions')).toBe('3');
    await spark.conf.unset('spark.sql.shuffle.partitions');
    // Spark's own default, not what the server was started with.
    expect(await spark.conf.get('spark.sql.shuffle.partitions')).toBe('200');
    await spark.conf.set('spark.sql.shuffle.partitions', 2);
    expect(await spark.conf.getOption('no.such.key')).toBeUndefined();
    expect((await failure(spark.conf.get('no.such.key'))).errorClass).toBe('SQL_CONF_NOT_FOUND');
    expect(await spark.conf.isModifiable('spark.sql.ansi.enabled')).toBe(true);
    expect(Object.keys(await spark.conf.getAll('spark.sql.shuffle.'))).not.toHaveLength(0);
  });
});

describe('errors', () => {
  it.each([
    ['SELECT nope FROM range(3)', 'UNRESOLVED_COLUMN.WITH_SUGGESTION', '42703', 'nope'],
    ["SELECT '😀', nope FROM range(3)", 'UNRESOLVED_COLUMN.WITH_SUGGESTION', '42703', 'nope'],
    ['SELECT *\nFROM missing', 'TABLE_OR_VIEW_NOT_FOUND', '42P01', 'missing'],
    ['SELECT id frm x y', 'PARSE_SYNTAX_ERROR', '42601', 'x'],
    ["SELECT 1,\n '😀' frm x y", 'PARSE_SYNTAX_ERROR', '42601', 'x'],
    ["SELECT sum('a') + no_such(1)", 'UNRESOLVED_ROUTINE', '42883', 'no_such(1)'],
  ])('%s', async (text, errorClass, sqlState, piece) => {
    const error = await failure(spark.sql(text));
    expect(error).toMatchObject({ name: 'SparkError', errorClass, sqlState });
    expect(error.span && text.slice(error.span.start, error.span.end)).toBe(piece);
  });

  it('of the data have a place too', async () => {
    const text = "SELECT CAST(concat('x', id) AS INT) FROM range(1)";
    const error = await failure(spark.sql(text).then((frame) => frame.collect()));
    expect(error).toMatchObject({ errorClass: 'CAST_INVALID_INPUT', sqlState: '22018' });
    expect(error.span && text.slice(error.span.start, error.span.end)).toBe("CAST(concat('x', id) AS INT)");
  });
});

describe('interrupting', () => {
  /** Collects; `running` is fulfilled when a task runs: an earlier interrupt may leave the tasks running. */
  function collectEndless(frame: DataFrame, options: OperationOptions) {
    let ended: Promise<SparkError> | undefined;
    const running = new Promise<void>((resolve) => {
      const onProgress = ({ runningTasks }: { runningTasks: number }) => runningTasks > 0 && resolve();
      ended = failure(frame.collect({ ...options, onProgress }));
    });
    return { running, ended: ended! };
  }

  it('ends what has a tag, and nothing else', async () => {
    const frame = await spark.sql(ENDLESS);
    const other = spark.range(0, 3).count({ tags: ['short'] });
    const { running, ended } = collectEndless(frame, { tags: ['endless'] });
    await running;
    expect(await spark.interruptTag('endless')).toHaveLength(1);
    expect((await ended).errorClass).toBe('OPERATION_CANCELED');
    expect(await other).toBe(3);
  });

  it('ends an operation by its id', async () => {
    const operationId = randomUUID();
    const { running, ended } = collectEndless(await spark.sql(ENDLESS), { operationId });
    await running;
    expect(await spark.interruptOperation(operationId)).toEqual([operationId]);
    expect((await ended).errorClass).toBe('OPERATION_CANCELED');
  });

  it('by an abort or by leaving leaves nothing running', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { running, ended } = collectEndless(await spark.sql(ENDLESS), { signal: controller.signal });
    await running;
    controller.abort(reason);
    expect(await ended).toBe(reason);
    for await (const _ of spark.range(0, 1_000_000).rows()) break;
    await until(async () => (await spark.interruptAll()).length === 0, 'nothing is running');
    // Both cores are free again.
    expect(await spark.range(0, 10).repartition(2).count()).toBe(10);
  });
});

describe('reattaching', () => {
  it('goes on for longer than the server keeps a stream', async () => {
    // The answer comes after several times the two seconds of a stream.
    const frame = await spark.sql("SELECT java_method('java.lang.Thread', 'sleep', 7000L) AS slept");
    const began = Date.now();
    expect(await frame.collect()).toHaveLength(1);
    expect(Date.now() - began).toBeGreaterThan(6500);
  });

  it('gives each row once, however often the connection is cut', async () => {
    const proxy = await CuttingProxy.start(server.port);
    const through = await SparkSession.connect(`sc://127.0.0.1:${proxy.port}/;user_id=cut`);
    let next = 0n;
    for await (const batch of through.range(0, 300_000).batches()) {
      for (const id of batch.column('id')) if (id !== next++) expect.unreachable(`${id} came in place of ${next - 1n}`);
      if (next / 40_000n > BigInt(proxy.cuts)) {
        proxy.cut();
        // What was on its way is read first; so the cut is seen in the middle of the rows.
        await sleep(20);
      }
    }
    expect(next).toBe(300_000n);
    expect(proxy.cuts).toBeGreaterThan(5);
    proxy.cut();
    expect(await through.range(0, 2).count()).toBe(2);
    await through.stop();
    proxy.stop();
  });
});
