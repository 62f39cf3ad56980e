/** State over crashes of the broker's journal: cases that need a certain moment. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, Recovery } from '@millrace/broker';
import { DiskJournal } from '@millrace/journal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EmbeddedProcessingPlane } from '../../src/jobs/processing-plane.js';
import { EmbeddedMessageAccess } from '../../src/message-access.js';
import { World } from './crash-world.js';
import { planOf, START } from './job-fixture.js';
import { text } from './plant.js';

describe('on a journal that crashes', () => {
  let world: World;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
    world = new World(5_000);
  });
  afterEach(() => {
    world.plane.close();
    vi.useRealTimers();
    expect(world.faults).toEqual([]);
  });

  const recordsOf = () => world.access.state('job');

  async function removeWithCommitUnderWay(): Promise<void> {
    world.send(['k1']);
    world.pass(2);
    expect(recordsOf()).toBe('committing');
    await world.plane.remove('job');
  }

  test('a job that is removed while it commits leaves no state behind', async () => {
    await removeWithCommitUnderWay();
    world.pass(2);
    world.journal.succeed();
    world.pass(2);
    world.journal.succeed();
    expect(recordsOf()).toEqual(new Map());
  });

  test('nor does it confuse the next one of its name when the server dies in the middle of that', async () => {
    await removeWithCommitUnderWay();
    // The commit is there, what forgets its records is not.
    world.crash(1);
    await world.plane.remove('job');
    world.pass(2);
    world.journal.succeed();
    world.broker.keep('$state/job', 'piece/1/0', Buffer.from('left over'));
    world.deploy();
    world.pass(10);
    expect(world.plane.observe('job')?.phase).toBe('Running');
    world.settle();
    expect(recordsOf()).not.toBe('committing');
    expect([...(recordsOf() as ReadonlyMap<string, Uint8Array>).keys()].filter((key) => key !== 'head')).toEqual([]);
  });

  test('messages that were not durable die with the process, and what came of them lives', () => {
    vi.setSystemTime(START + 4_900);
    world.send(['k1', 'k1'], false);
    world.pass(2);
    world.journal.succeed();
    world.pass(2);
    world.send(['k1'], false);
    // The clock is found set back: the time of messages goes on where the job has been.
    vi.setSystemTime(START - 2_000);
    world.crash(0);
    world.send(['k1'], false);
    world.settle();
    vi.setSystemTime(START + 60_000);
    world.settle();
    expect(world.results).toEqual([`${START}:k1:3`]);
    expect(world.plane.observe('job')).toMatchObject({ rowsIn: 3, rowsLate: 0 });
  });

  test('a segment of the journal that goes takes no state with it', () => {
    world.send(['k1', 'k2', 'k3']);
    for (let round = 0; round < 5; round++) {
      world.pass(2);
      world.journal.succeed();
    }
    for (let round = 0; round < 20; round++) {
      world.journal.emptyBefore(world.recovery, world.journal.records.at(-1)!.position + 1);
      world.pass(2);
      world.journal.succeed();
    }
    world.crash(0);
    world.settle();
    expect(world.results.sort()).toEqual(world.expected);
    expect(world.expected).toHaveLength(3);
  });
});

describe('on disk', () => {
  const sql = `INSERT INTO results
    SELECT concat_ws(':', body, CAST(count(*) AS STRING)) AS body FROM STREAM readings GROUP BY window(time, '1 hour'), body`;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'job-state-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function open(directory: string) {
    const recovery = new Recovery();
    const journal = await DiskJournal.open({ directory, owner: recovery, segmentBytes: 256 * 1024 });
    const broker = new Broker({
      journal,
      recovery,
      now: Date.now,
      scheduleCommit: () => setImmediate(() => broker.commitPending()),
    });
    broker.declare('readings', { type: 'queue' });
    broker.declare('results', { type: 'queue', durability: 'always' });
    const access = new EmbeddedMessageAccess(broker);
    const onFault = (error: unknown) => {
      throw error;
    };
    const plane = new EmbeddedProcessingPlane({ access, otherReceivers: () => 0, onFault });
    await plane.deploy('job', { sql, onError: 'fail', paused: false }, planOf(sql));
    return { journal, broker, plane, access };
  }

  test('a copy that is taken at any moment goes on with each key as it was at some commit', async () => {
    const keys = 3_000;
    const live = await open(join(folder, 'live'));
    const sender = { settled: () => {}, capacityChanged: () => {}, addressDeleted: () => {} };
    const producer = live.broker.openProducer('readings', sender);
    if (typeof producer === 'string') throw new Error(producer);
    let sent = 0;
    for (let round = 0; round < 30; round++) {
      for (let n = 0; n < 500; n++) {
        const message = text(`k${sent++ % keys}`);
        message.address = 'readings';
        producer.send(message, -1);
      }
      await new Promise((resolve) => setTimeout(resolve, 3));
      if (round % 5 !== 4) continue;
      const at = join(folder, `copy-${round}`);
      cpSync(join(folder, 'live'), at, { recursive: true, filter: (path) => !path.endsWith('lock') });
      const copy = await open(at);
      await vi.waitFor(() => expect(copy.plane.observe('job')?.reason).not.toBe('Recovering'), 5_000);
      const status = copy.plane.observe('job')!;
      expect(status.phase).toBe('Running');
      // Keys came in order: of each there is one more or less than of another.
      expect(status.stateRows).toBe(Math.min(keys, status.rowsIn));
      expect(status.rowsIn).toBeGreaterThan(0);
      copy.plane.close();
      await copy.journal.close();
    }
    live.plane.close();
    await live.journal.close();
    const again = await open(join(folder, 'live'));
    await vi.waitFor(() => expect(again.plane.observe('job')?.reason).not.toBe('Recovering'), 5_000);
    expect(again.plane.observe('job')).toMatchObject({ phase: 'Running', stateRows: keys, rowsLate: 0 });
    again.plane.close();
    await again.journal.close();
  }, 30_000);
});
