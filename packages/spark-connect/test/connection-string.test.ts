import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConnectionString } from '../src/connection-string.js';
import { SparkClientError } from '../src/errors.js';

const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('a connection string', () => {
  it.each([
    ['sc://localhost', { host: 'localhost', port: 15002, tls: false, token: undefined, headers: {} }],
    ['sc://localhost/', { host: 'localhost', port: 15002 }],
    ['sc://spark.example:8443/;use_ssl=true', { host: 'spark.example', port: 8443, tls: true }],
    ['sc://spark.example/;use_ssl=FALSE', { tls: false }],
    ['sc://[::1]:15002/', { host: '[::1]', port: 15002 }],
    ['sc://spark.example/;token=abc', { token: 'abc', tls: true }],
    ['sc://localhost/;token=abc', { token: 'abc', tls: false }],
    ['sc://127.0.0.1/;token=abc;use_ssl=true', { tls: true }],
    ['sc://localhost/;user_id=ada%20l%3B;user_agent=mine', { userId: 'ada l;', userAgent: 'mine' }],
    [`sc://localhost/;session_id=${UUID.toUpperCase()}`, { sessionId: UUID }],
    ['sc://localhost/;;X-Cluster=a%3Db;', { headers: { 'x-cluster': 'a=b' } }],
  ])('%s is read', (text, expected) => {
    expect(parseConnectionString(text)).toMatchObject(expected);
  });

  it.each([
    ['http://localhost', 'it must be like sc://'],
    ['sc://', 'it must be like sc://'],
    ['sc://localhost:0', 'the port "0"'],
    ['sc://localhost:65536', 'the port "65536"'],
    ['sc://localhost:', 'the port ""'],
    ['sc://local host', 'is not a host'],
    ['sc://user@localhost', 'is not a host'],
    ['sc://localhost/path', 'is a path'],
    ['sc://localhost/;token', '"token" is not name=value'],
    ['sc://localhost/;=x', '"=x" is not name=value'],
    ['sc://localhost/;token=', 'token is empty'],
    ['sc://localhost/;token=a;token=b', 'token is given twice'],
    ['sc://localhost/;use_ssl=yes', 'it may be true or false'],
    ['sc://spark.example/;token=a;use_ssl=false', 'unencrypted'],
    ['sc://localhost/;session_id=7', 'is not a UUID'],
    ['sc://localhost/;x%=1', 'is not percent-encoded'],
    ['sc://localhost/;x-y-bin=1', 'cannot be the name of a header'],
    ['sc://localhost/;x y=1', 'cannot be the name of a header'],
    ['sc://localhost/;x=%0a', 'characters that a header cannot have'],
    [`sc://localhost/;user_agent=${'a'.repeat(2049)}`, 'longer than 2048'],
  ])('%s is refused', (text, problem) => {
    expect(() => parseConnectionString(text)).toThrow(SparkClientError);
    expect(() => parseConnectionString(text)).toThrow(problem);
  });

  it('takes what is given beside it first, and then guards a token too', () => {
    expect(parseConnectionString('sc://localhost/;user_id=a', { userId: 'b' }).userId).toBe('b');
    expect(parseConnectionString('sc://spark.example', { token: 't' }).tls).toBe(true);
    expect(() => parseConnectionString('sc://spark.example/;use_ssl=false', { token: 't' })).toThrow('unencrypted');
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `sc://h/;${text}`),
        ),
        (text) => {
          try {
            parseConnectionString(text);
          } catch (error) {
            expect(error).toBeInstanceOf(SparkClientError);
          }
        },
      ),
    );
  });
});
