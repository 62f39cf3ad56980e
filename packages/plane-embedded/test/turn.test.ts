import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turn, type TurnTask } from '../src/turn.js';

function task(log: string[], name: string): TurnTask {
  return { scheduled: false, endOfTurn: () => log.push(name) };
}

test('commits come before flushes, and who has yielded goes on behind both', async () => {
  const log: string[] = [];
  const turn = new Turn();
  turn.yieldUntilNext(() => log.push('yielded'));
  turn.scheduleFlush(task(log, 'flush'));
  turn.scheduleCommit(task(log, 'commit'));
  await nextTurn();
  await nextTurn();
  expect(log).toEqual(['commit', 'flush', 'yielded']);
});

test('who yields again while going on waits for another turn', async () => {
  const log: string[] = [];
  const turn = new Turn();
  turn.yieldUntilNext(() => {
    log.push('first');
    turn.yieldUntilNext(() => log.push('second'));
  });
  turn.scheduleFlush(task(log, 'flush'));
  await nextTurn();
  expect(log).toEqual(['flush', 'first']);
  await nextTurn();
  expect(log).toEqual(['flush', 'first', 'second']);
});

test('a turn is long when it has read for a while', async () => {
  const turn = new Turn();
  turn.reads();
  await pause(2);
  expect(turn.isLong).toBe(true);
});
