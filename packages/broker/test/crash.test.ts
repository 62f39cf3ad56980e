import { describe, expect, test } from 'vitest';
import { Recovery } from '../src/index.js';
import { type Step, soon, World } from './support/crash-world.js';
import { Host } from './support/host.js';
import { RecordingJournal } from './support/recording-journal.js';

/** Histories of one key that is kept and forgotten, alone and by transactions, as crash.property.test.ts found them. */
const SEGMENT_OF_MESSAGES: Step = { kind: 'send', to: 't', count: 40, durable: true, id: undefined };
const turn: Step = { kind: 'turn' };
const empty: Step = { kind: 'empty', segments: 1 };
const crashed: Step = { kind: 'crash', written: 0, gone: true };
const fail: Step = { kind: 'fail' };

function keep(value: number | undefined): Step {
  return { kind: 'keep', key: 'a', value };
}

function commit(kept: number | undefined): Step {
  return { kind: 'commit', store: 'q', from: 0, count: 0, outputs: [], value: 1, key: 'a', kept };
}

/** Of another key: it has the state of the job in place of the transaction before. */
const commitOther: Step = { kind: 'commit', store: 'q', from: 0, count: 0, outputs: [], value: 2, key: 'b', kept: 2 };

function written(count: number): Step {
  return { kind: 'written', count };
}

/** The oldest segment goes; what is then on disk is what there is. */
const emptied: readonly Step[] = [empty, turn, written(9), crashed];
const kept: readonly Step[] = [keep(0), turn, written(9)];

const histories: readonly (readonly [string, readonly Step[]])[] = [
  [
    'kept, written again behind two transactions under way that replace and forget it',
    [...kept, commit(1), commit(undefined), turn, SEGMENT_OF_MESSAGES, empty, turn, written(2)],
  ],
  [
    'kept by a transaction, written again behind the one that forgets it',
    [commit(0), turn, commit(undefined), turn, written(1), SEGMENT_OF_MESSAGES, empty, turn, written(2)],
  ],
  [
    'kept, written again behind a transaction that forgets it and fails',
    [...kept, commit(undefined), turn, SEGMENT_OF_MESSAGES, empty, turn, fail],
  ],
  [
    'kept, and forgotten by the transaction behind the one that failed',
    [...kept, commit(1), turn, fail, commit(undefined), turn, SEGMENT_OF_MESSAGES, empty, turn, written(2)],
  ],
  [
    'kept, and replaced by the transaction behind the one that failed to forget it',
    [...kept, commit(undefined), turn, fail, commit(2), turn, SEGMENT_OF_MESSAGES, empty, turn, written(2)],
  ],
  [
    'forgotten while the transaction is under way that keeps it, and fails',
    [...kept, commit(1), turn, keep(undefined), turn, fail, SEGMENT_OF_MESSAGES, turn, written(9)],
  ],
  [
    'forgotten while the transaction is under way that keeps it',
    [...kept, commit(1), turn, keep(undefined), SEGMENT_OF_MESSAGES, turn, written(9)],
  ],
  [
    'forgotten and kept again in the turn in which a transaction forgets it',
    [...kept, keep(undefined), commit(undefined), keep(3), SEGMENT_OF_MESSAGES, empty, turn, written(9)],
  ],
  [
    'forgotten in the turn in which the transaction succeeds that kept it',
    [commit(1), turn, commitOther, turn, empty, turn, keep(undefined), written(3), crashed],
  ],
  [
    'kept anew in the turn in which the transaction succeeds that kept it',
    [commit(1), turn, commitOther, turn, empty, turn, keep(3), written(3), crashed],
  ],
  [
    'forgotten by a batch that fails behind the transaction that kept it',
    [commit(1), turn, commitOther, turn, empty, turn, keep(undefined), turn, written(3), fail, crashed],
  ],
  [
    'kept in the turn in which a transaction then forgets it',
    [...kept, keep(3), commit(undefined), SEGMENT_OF_MESSAGES, empty, turn, written(9)],
  ],
];

const message: Step = { kind: 'send', to: 'q', count: 1, durable: true, id: undefined };
const consume: Step = {
  kind: 'commit',
  store: 'q',
  from: 0,
  count: 1,
  outputs: [],
  value: 1,
  key: 'a',
  kept: undefined,
};

const consumptions: readonly (readonly [string, readonly Step[]])[] = [
  [
    'written again behind the transaction under way',
    [consume, turn, commitOther, turn, empty, turn, written(3), crashed],
  ],
  ['written again in the turn of the transaction', [consume, empty, turn, commitOther, turn, written(3), crashed]],
  [
    'written again in the turn in which the transaction before fails',
    [consume, turn, empty, fail, turn, written(9), crashed],
  ],
  [
    'written again in the turn in which the transaction before succeeds',
    [consume, turn, commitOther, turn, empty, written(2), turn, written(1), crashed],
  ],
  ['written again behind the transaction under way, which fails', [consume, turn, empty, turn, fail, crashed]],
  [
    'written again behind the transaction under way, and crashed between',
    [consume, turn, empty, turn, { kind: 'crash', written: 2, gone: true }, crashed],
  ],
];

test('a message is there when the queue was deleted, and its record moved, by a batch that fails', async () => {
  const world = new World(undefined);
  const steps: Step[] = [message, turn, written(9), empty, turn, empty, written(1), turn, written(1)];
  for (const step of [...steps, empty, { kind: 'redeclare' } as const, turn, fail, crashed, ...emptied]) {
    world.run(step);
    await soon();
  }
  await world.drain();
});

describe('a message that a transaction consumes is there after a crash, or is not, as it was:', () => {
  test.each(consumptions)('%s', async (_name, steps) => {
    const world = new World(undefined);
    for (const step of [
      message,
      turn,
      written(9),
      { kind: 'take', store: 'q', count: 1 } as const,
      ...steps,
      ...emptied,
    ]) {
      world.run(step);
      await soon();
    }
    await world.drain();
  });
});

describe('a key is there after a crash, or is not, as it was:', () => {
  test.each(histories)('%s', async (_name, steps) => {
    const world = new World(undefined);
    for (const step of [...steps, ...emptied]) {
      world.run(step);
      await soon();
    }
    await world.drain();
  });
});

test('a key whose new record a full journal holds back keeps the one it has', () => {
  const journal = new RecordingJournal();
  const recovery = new Recovery();
  const host = new Host({ journal, recovery });
  host.broker.keep('kind', 'a', Buffer.from('1'));
  host.turn();
  journal.succeed();
  journal.empty(recovery, 1);
  host.turn();
  journal.fail();
  journal.state = { kind: 'full' };
  for (let i = 0; i <= 64; i++) host.broker.tick(host.nowMs);
  host.turn();
  journal.decide();
  expect([...journal.released]).toEqual([]);
  journal.state = { kind: 'open' };
  host.broker.tick(host.nowMs);
  host.turn();
  journal.succeed();
  expect([...journal.released]).toEqual([0]);
  const restarted = new Recovery();
  journal.crash(0, true).replay(restarted);
  expect([...restarted.kept()].map(({ key, bytes }) => `${key} ${bytes}`)).toEqual(['a 1']);
});
