import { SparkConnectionError, SparkError } from '@millrace/spark-connect';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterLink, sessionId } from '../src/cluster-link.js';
import { FakeCluster } from './fake-cluster.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let answers: (FakeCluster | Error)[];
let asked: string[];
let changes: number;
let lines: string[];

function newLink(): ClusterLink {
  return new ClusterLink({
    open: async ({ sessionId: id }) => {
      asked.push(id);
      const answer = answers.shift() ?? new Error('no more answers');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    connect: 'sc://spark:15002/;token=secret',
    owner: '/checkpoints',
    onChange: () => changes++,
    log: (line) => lines.push(line),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  asked = [];
  changes = 0;
  lines = [];
});

afterEach(() => {
  vi.useRealTimers();
});

const unreachable = new SparkConnectionError('14 UNAVAILABLE: refused', { status: 'UNAVAILABLE', attempts: 1 });
const closed = new SparkError('closed', { errorClass: 'INVALID_HANDLE.SESSION_CLOSED' });

describe('ClusterLink', () => {
  it('asks for the same session after each start, and for another owner for another', () => {
    expect(sessionId('/checkpoints', 0)).toMatch(UUID);
    expect(sessionId('/checkpoints', 0)).toBe(sessionId('/checkpoints', 0));
    expect(sessionId('/checkpoints', 1)).not.toBe(sessionId('/checkpoints', 0));
    expect(sessionId('/other', 0)).not.toBe(sessionId('/checkpoints', 0));
  });

  it('tries until there is a server, and says where none is, without the token', async () => {
    const cluster = new FakeCluster();
    answers = [unreachable, unreachable, cluster];
    const link = newLink();
    link.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(link.problem.reason).toBe('SparkNotReachable');
    expect(link.problem.message).toContain('sc://spark:15002');
    expect(link.problem.message).not.toContain('secret');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(link.cluster).toBe(cluster);
    expect(changes).toBe(1);
    expect(lines).toHaveLength(1);
    await link.close();
    expect(cluster.disconnected).toBe(true);
  });

  it('takes the next session when one was ended on the server, and that one again later', async () => {
    const [first, second] = [new FakeCluster(), new FakeCluster()];
    answers = [closed, first, unreachable, second];
    const link = newLink();
    link.start();
    await vi.advanceTimersByTimeAsync(0);
    link.lost(first, unreachable);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(link.cluster).toBe(second);
    expect(asked).toEqual([0, 1, 1, 1].map((ordinal) => sessionId('/checkpoints', ordinal)));
    await link.close();
  });

  it('says what a refused token wants', async () => {
    answers = [new SparkConnectionError('16', { status: 'UNAUTHENTICATED', attempts: 1 })];
    const link = newLink();
    link.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(link.problem).toMatchObject({ reason: 'SparkRefusesToken' });
    expect(link.problem.message).toContain(';token=');
    await link.close();
  });

  it('does not use a Spark that is too old', async () => {
    const old = new FakeCluster();
    old.version = '3.5.1';
    answers = [old];
    const link = newLink();
    link.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(link.cluster).toBeUndefined();
    expect(link.problem).toMatchObject({ reason: 'SparkTooOld' });
    expect(old.disconnected).toBe(true);
    await link.close();
  });

  it('passes over what is told of a session that is not the newest', async () => {
    const [first, second] = [new FakeCluster(), new FakeCluster()];
    answers = [first, second];
    const link = newLink();
    link.start();
    await vi.advanceTimersByTimeAsync(0);
    link.lost(first, unreachable);
    await vi.advanceTimersByTimeAsync(0);
    link.lost(first, unreachable);
    expect(link.cluster).toBe(second);
    await link.close();
  });
});
