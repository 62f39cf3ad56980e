import { SparkConnectionError, SparkError } from '@millrace/spark-connect';
import { checkJob } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { connectFailure, judgeFailure } from '../src/failures.js';
import { jobQuery } from '../src/submission.js';

const SQL = 'INSERT INTO doubled\nSELECT CAST(CAST(body AS INT) * 2 AS STRING) AS body FROM STREAM numbers';
const query = jobQuery('j', checkJob(SQL).plan!, { connect: 'sc://h', checkpoints: '/c', brokerUrl: 'amqp://b' });

/** As Spark 4.3 wrote it, shortened. */
const CAST = `org.apache.spark.sql.streaming.StreamingQueryException: [CAST_INVALID_INPUT] The value 'four' of the type "STRING" cannot be cast to "INT". SQLSTATE: 22018
== SQL (line 1, position 13) ==
SELECT CAST(CAST(body AS INT) * 2 AS STRING) AS body FROM STR...
            ^^^^^^^^^^^^^^^^^

=== Streaming Query ===
Identifier: millrace-doubler [id = 386531d1-e125-40d7-9957-0b87b7490dbe]`;

describe('judgeFailure', () => {
  it('of a row: the condition, what Spark says, and the place in the text of the user', () => {
    const verdict = judgeFailure(new SparkError(CAST, { errorClass: 'CAST_INVALID_INPUT' }), query);
    expect(verdict).toEqual({
      kind: 'permanent',
      reason: 'CastInvalidInput',
      message: `[CAST_INVALID_INPUT] The value 'four' of the type "STRING" cannot be cast to "INT". SQLSTATE: 22018 In: CAST(body AS INT)`,
    });
  });

  it.each([
    ['amqp: no connection with amqp://b:5672: Connection refused', 'BrokerNotReachable'],
    ['dev.millrace.spark.amqp.AmqpException: the broker took none of 3 messages within 60000 ms', 'ResultsRefused'],
    ['amqp://b does not let receive from s: amqp:not-found', 'BrokerRefuses'],
    ['amqp: the write-ahead log cannot be opened: the write-ahead log /w is in use by another query', 'LogInUse'],
    ['Job aborted due to stage failure: ExecutorLostFailure (executor 0 exited)', 'SparkLost'],
  ])('%s passes', (message, reason) => {
    expect(judgeFailure(new SparkError(message), query)).toMatchObject({ kind: 'transient', reason });
  });

  it('a condition that only the attribute names is in the message', () => {
    const { message } = judgeFailure(new SparkError('too much', { errorClass: 'ARITHMETIC_OVERFLOW' }), query) as {
      message: string;
    };
    expect(message).toBe('[ARITHMETIC_OVERFLOW] too much');
  });

  it('another data source that is missing is not the connector', () => {
    const error = new SparkError('Failed to find the data source: kafka', { errorClass: 'DATA_SOURCE_NOT_FOUND' });
    expect(judgeFailure(error, query).kind).toBe('permanent');
  });
});

describe('connectFailure', () => {
  it.each([
    [new SparkConnectionError('x', { status: 'UNAVAILABLE', attempts: 1 }), 'SparkNotReachable'],
    [new SparkConnectionError('x', { status: 'UNAUTHENTICATED', attempts: 1 }), 'SparkRefusesToken'],
    [new SparkError('x'), 'SparkRefuses'],
  ])('%s', (error, reason) => {
    const failure = connectFailure('sc://h/;token=secret', error);
    expect(failure.reason).toBe(reason);
    expect(failure.message).not.toContain('secret');
  });
});
