import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { SparkConnectionError, SparkError } from '../src/errors.js';
import { sqlSpan } from '../src/sql-span.js';
import { isRetriable, readFailedCall } from '../src/status-details.js';
import { connectTo, FAST_RETRY, startServer } from './connecting.js';
import { Refusal } from './scripted-server.js';

const context = (init: object) => ({
  kind: 'sql' as const,
  objectType: '',
  objectName: '',
  startIndex: 0,
  stopIndex: 0,
  fragment: '',
  callSite: '',
  summary: '',
  ...init,
});

describe('an error of Spark', () => {
  it('has condition, state, place and causes as the server tells them', async () => {
    const server = await startServer();
    const refusal = new Refusal(status.INTERNAL, 'short message', {
      errorId: 'e1',
      errorClass: 'X',
      sqlState: '42000',
    });
    server.onStream('executePlan', { ending: refusal });
    server.on('fetchErrorDetails', {
      rootErrorIdx: 0,
      errors: [
        {
          errorTypeHierarchy: ['org.apache.spark.sql.AnalysisException'],
          message: '[UNRESOLVED_COLUMN.WITH_SUGGESTION] the whole message',
          causeIdx: 1,
          stackTrace: [{ declaringClass: 'a.B', methodName: 'c', fileName: 'B.scala', lineNumber: 7 }],
          sparkThrowable: {
            errorClass: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
            sqlState: '42703',
            messageParameters: { objectName: '`nope`' },
            queryContexts: [{ startIndex: 7, stopIndex: 10, fragment: 'nope' }],
          },
        },
        { errorTypeHierarchy: ['java.lang.Exception'], message: 'inner', causeIdx: 0 },
      ],
    });
    const spark = await connectTo(server);
    const error = (await spark.sql('SELECT nope').catch((caught: unknown) => caught)) as SparkError;
    expect(error).toBeInstanceOf(SparkError);
    expect(error).toMatchObject({
      message: '[UNRESOLVED_COLUMN.WITH_SUGGESTION] the whole message',
      errorClass: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
      sqlState: '42703',
      messageParameters: { objectName: '`nope`' },
      exceptionClasses: ['org.apache.spark.sql.AnalysisException'],
      serverStackTrace: ['a.B.c(B.scala:7)'],
      span: { start: 7, end: 11 },
    });
    expect(error.is('UNRESOLVED_COLUMN')).toBe(true);
    expect(error.is('UNRESOLVED')).toBe(false);
    // The server named the error as the cause of its cause; the chain is cut.
    expect(error.cause).toMatchObject({ message: 'inner', cause: { sqlState: '42703' } });
    expect(server.requests('fetchErrorDetails')[0]).toMatchObject({ errorId: 'e1' });
  });

  it('is told from the status alone when its details are gone', async () => {
    const server = await startServer();
    const info = {
      errorId: 'e1',
      errorClass: 'DIVIDE_BY_ZERO',
      sqlState: '22012',
      messageParameters: '{"config":"x"}',
      classes: '["org.apache.spark.SparkArithmeticException"]',
    };
    server.onStream('executePlan', { ending: new Refusal(status.INTERNAL, '[DIVIDE_BY_ZERO] no', info) });
    server.on('fetchErrorDetails', new Refusal(status.UNIMPLEMENTED, 'never heard of it'));
    const spark = await connectTo(server);
    await expect(spark.sql('SELECT 1/0')).rejects.toMatchObject({
      message: '[DIVIDE_BY_ZERO] no',
      errorClass: 'DIVIDE_BY_ZERO',
      sqlState: '22012',
      messageParameters: { config: 'x' },
      exceptionClasses: ['org.apache.spark.SparkArithmeticException'],
    });
  });

  it('keeps its place without its stack in what is printed', () => {
    const error = new SparkError('no', { serverStackTrace: ['a'], errorClass: 'X' });
    const located = error.withSpan({ start: 1, end: 2 });
    expect(located).toMatchObject({ message: 'no', errorClass: 'X', span: { start: 1, end: 2 } });
    expect(located.serverStackTrace).toEqual(['a']);
    expect(Object.keys(located)).not.toContain('serverStackTrace');
    expect(error.withSpan(undefined)).toBe(error);
  });
});

describe('the place of an error', () => {
  it.each<[string, string, ReturnType<typeof context>, string | undefined]>([
    ['a column', 'SELECT nope', context({ startIndex: 7, stopIndex: 10, fragment: 'nope' }), 'nope'],
    // Spark counts code points but cuts the piece out by UTF-16.
    [
      'behind a character of two units',
      "SELECT '😀', no",
      context({ startIndex: 12, stopIndex: 13, fragment: ' n' }),
      'no',
    ],
    ['in a view', 'SELECT x', context({ objectType: 'VIEW', startIndex: 0, stopIndex: 1, fragment: 'SE' }), undefined],
    ['in another text', 'SELECT x', context({ startIndex: 0, stopIndex: 1, fragment: 'ab' }), undefined],
    ['unknown', 'SELECT x', context({ startIndex: -1, stopIndex: -1 }), undefined],
    ['a call', 'SELECT x', context({ kind: 'dataFrame', startIndex: 0, stopIndex: 0 }), undefined],
  ])('%s', (_, text, where, expected) => {
    const span = sqlSpan(text, new SparkError('no', { contexts: [where] }));
    expect(span && text.slice(span.start, span.end)).toBe(expected);
  });

  it.each([
    ['SELECT id frm x y', '(line 1, pos 14)', 'x'],
    ["SELECT 1,\n '😀' frm x y", '(line 2, pos 9)', 'x'],
    ['sel 1', '(line 1, position 1)', 'sel'],
    ['SELECT', '(line 1, pos 6)', ''],
    ['SELECT', '(line 9, pos 6)', ''],
  ])('of a syntax error in %s', (text, where, expected) => {
    const span = sqlSpan(text, new SparkError(`no ${where}`, { errorClass: 'PARSE_SYNTAX_ERROR' }));
    expect(span && text.slice(span.start, span.end)).toBe(expected);
  });
});

describe('a call that did not reach Spark', () => {
  it('fails as a connection, with the status', async () => {
    const server = await startServer();
    server.on('analyzePlan', new Refusal(status.UNAUTHENTICATED, 'Invalid token'));
    await expect(connectTo(server)).rejects.toMatchObject({
      name: 'SparkConnectionError',
      status: 'UNAUTHENTICATED',
      message: 'UNAUTHENTICATED: Invalid token',
      attempts: 1,
    });
  });

  it('is tried again while nobody answers', async () => {
    const server = await startServer();
    server.stop();
    const error = await connectTo(server, { retry: { ...FAST_RETRY, maxRetries: 2 } }).catch((caught) => caught);
    expect(error).toBeInstanceOf(SparkConnectionError);
    expect(error).toMatchObject({ status: 'UNAVAILABLE', attempts: 3 });
  });

  it('succeeds when somebody answers at last', async () => {
    const server = await startServer();
    const gone = new Refusal(status.UNAVAILABLE, 'starting');
    server.on('config', gone, gone, { pairs: [{ key: 'a', value: 'b' }] });
    const spark = await connectTo(server);
    expect(await spark.conf.get('a')).toBe('b');
    expect(server.requests('config')).toHaveLength(3);
  });
});

describe('a status', () => {
  const failed = (...args: ConstructorParameters<typeof Refusal>) =>
    readFailedCall(Object.assign(new Refusal(...args), { name: 'Error' }));

  it.each<[string, ConstructorParameters<typeof Refusal>, boolean]>([
    ['no server', [status.UNAVAILABLE, ''], true],
    [
      'the cursor was taken over',
      [status.INTERNAL, '', { errorClass: 'INVALID_CURSOR.DISCONNECTED', errorId: 'e' }],
      true,
    ],
    ['a stream that was reset', [status.INTERNAL, 'Received RST_STREAM with code 2'], true],
    ['asked to come back', [status.UNKNOWN, '', {}, 5], true],
    ['a cursor that is not there', [status.INTERNAL, '', { errorClass: 'INVALID_CURSOR.NOT_FOUND' }], false],
    ['an error that speaks of RST_STREAM', [status.INTERNAL, 'RST_STREAM', { errorId: 'e' }], false],
    ['no right', [status.PERMISSION_DENIED, ''], false],
  ])('with %s', (_, refusal, expected) => {
    expect(isRetriable(failed(...refusal))).toBe(expected);
  });

  it('with a damaged trailer is the status without it', () => {
    const refusal = new Refusal(status.INTERNAL, '[SOME_CONDITION] text');
    refusal.metadata.set('grpc-status-details-bin', Buffer.from([255, 255, 255]));
    expect(readFailedCall(Object.assign(refusal, { name: 'Error' }))).toMatchObject({ errorClass: 'SOME_CONDITION' });
  });
});
