import { ProblemError } from '@millrace/contract';
import { describe, expect, it } from 'vitest';
import { MemoryDocumentStore, PlaneRefusal } from '../src/index.js';
import { fakeSqlCheck } from './support/fake-planes.js';
import { flush } from './support/manual-timers.js';
import { condition, createWorld, desired, MAX_SQL, maxJob, queue } from './support/world.js';

async function slugOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProblemError);
  return (error as ProblemError).slug;
}

describe('addresses', () => {
  it('are in the plane when put returns', async () => {
    const { controller, messaging, events } = await createWorld();
    const { document, outcome, etag } = await controller.put(queue('temperature'));
    expect(messaging.addresses.has('temperature')).toBe(true);
    expect([outcome, etag]).toEqual(['created', '"uid-1.1"']);
    expect(document).toMatchObject({
      metadata: { name: 'temperature', uid: 'uid-1', generation: 1, createdAt: '2026-01-01T00:00:00.000Z' },
      status: { phase: 'Ready', observedGeneration: 1, statistics: { stored: 0 } },
    });
    expect(condition(document, 'Ready')).toMatchObject({ status: 'True', reason: 'Declared' });
    expect(events.map(({ type, version }) => [type, version])).toEqual([
      ['added', 1],
      ['modified', 2],
    ]);
  });

  it('keep their generation while the same is put, and raise it when spec or labels change', async () => {
    const { controller, messaging } = await createWorld();
    await controller.put(queue('a'));
    expect((await controller.put(queue('a'))).outcome).toBe('unchanged');
    expect(messaging.requests).toEqual(['declare a']);
    const changed = await controller.put(queue('a', { whenFull: 'reject' }));
    expect([changed.outcome, changed.etag]).toEqual(['changed', '"uid-1.2"']);
    expect(
      (await controller.put(desired('Address', 'a', { type: 'queue', whenFull: 'reject' }, { team: 'x' }))).etag,
    ).toBe('"uid-1.3"');
    expect(messaging.addresses.get('a')!.spec.whenFull).toBe('reject');
  });

  it('come again with a growing pause from a plane that fails, and say so meanwhile', async () => {
    const { controller, messaging, timers } = await createWorld();
    let failures = 3;
    messaging.fault = () => {
      if (failures-- > 0) throw new Error('connection refused');
    };
    const { document } = await controller.put(queue('a'));
    expect(document.status).toMatchObject({ phase: 'Pending', observedGeneration: 0 });
    expect(condition(document, 'Accepted')).toMatchObject({ status: 'True' });
    expect(condition(document, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PlaneUnavailable',
      message: 'connection refused',
    });
    await timers.advance(199);
    expect(messaging.requests).toHaveLength(1);
    await timers.advance(1);
    expect(messaging.requests).toHaveLength(2);
    await timers.advance(399);
    expect(messaging.requests).toHaveLength(2);
    await timers.advance(1 + 800);
    expect(messaging.requests).toHaveLength(4);
    expect(controller.require('Address', 'a').status).toMatchObject({ phase: 'Ready', observedGeneration: 1 });
  });

  it('are not tried again and again when the plane refuses them, only when all is looked at', async () => {
    const { controller, messaging, timers } = await createWorld({ resyncMs: 10_000 });
    messaging.fault = () => {
      throw new PlaneRefusal('Invalid', 'no such encoding', '/spec');
    };
    const { document } = await controller.put(queue('a'));
    expect(document.status).toMatchObject({ phase: 'Failed', observedGeneration: 1 });
    expect(condition(document, 'Accepted')).toMatchObject({
      status: 'False',
      reason: 'Invalid',
      message: 'no such encoding',
    });
    await timers.advance(9_000);
    expect(messaging.requests).toHaveLength(1);
    messaging.fault = () => {};
    await timers.advance(1_000);
    expect(controller.require('Address', 'a').status.phase).toBe('Ready');
  });

  it('are declared again when the plane has lost them', async () => {
    const { controller, messaging, timers } = await createWorld({ resyncMs: 10_000 });
    await controller.put(queue('a'));
    messaging.addresses.delete('a');
    expect(condition(controller.require('Address', 'a'), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'Declaring',
    });
    await timers.advance(10_000);
    expect(messaging.addresses.has('a')).toBe(true);
  });

  it('are all looked at, however many, in slices', async () => {
    const { controller, messaging, timers } = await createWorld({ resyncMs: 10_000 });
    const names = Array.from({ length: 450 }, (_, index) => `q${index}`);
    await controller.replace(() => ({ put: names.map((name) => queue(name)), remove: [] }));
    const lost = () => names.filter((name) => !messaging.addresses.has(name)).length;
    messaging.addresses.clear();
    await timers.advance(10_000);
    expect(lost()).toBe(250);
    await timers.advance(10);
    expect(lost()).toBe(0);
    messaging.addresses.clear();
    await timers.advance(10_010);
    expect(lost()).toBe(0);
  });

  it('answer after a time though the plane does not', async () => {
    const { controller, messaging, timers } = await createWorld({ planeTimeoutMs: 1_000 });
    messaging.fault = () => new Promise(() => {});
    const put = controller.put(queue('a'));
    await timers.advance(1_000);
    expect((await put).document.status.phase).toBe('Pending');
    messaging.fault = () => {};
    await timers.advance(1_000);
    expect(controller.require('Address', 'a').status.phase).toBe('Ready');
  });

  it('tell an observation that turns by itself, and when', async () => {
    const { controller, messaging, timers, events } = await createWorld({ resyncMs: 10_000 });
    await controller.put(queue('a'));
    events.length = 0;
    messaging.notReady.set('a', { reason: 'DiskFull', message: 'no space left' });
    // Somebody who reads in between does not take the event away.
    await timers.advance(5_000);
    expect(condition(controller.require('Address', 'a'), 'Ready')).toMatchObject({ reason: 'DiskFull' });
    await timers.advance(5_000);
    expect(events.map(({ type, document }) => [type, condition(document, 'Ready')])).toMatchObject([
      ['modified', { status: 'False', reason: 'DiskFull', lastTransitionTime: '2026-01-01T00:00:05.000Z' }],
    ]);
    await timers.advance(20_000);
    expect(events).toHaveLength(1);
  });

  it('are refused where the plane has no such type, with place and reason', async () => {
    const { controller, messaging } = await createWorld();
    messaging.capabilities = { plane: 'fake', addressTypes: ['queue'], reasons: { multicast: 'Artemis stores all' } };
    const refused = controller.put(desired('Address', 'a', { type: 'multicast' }));
    await expect(refused).rejects.toMatchObject({
      problem: {
        status: 422,
        errors: [
          { pointer: '/spec/type', code: 'not-supported', detail: 'multicast: Artemis stores all', allowed: ['queue'] },
        ],
      },
    });
    expect(controller.names('Address')).toEqual([]);
    expect(messaging.requests).toEqual([]);
  });

  it.each([
    [
      'a bound for messages above that of the whole',
      { limits: { bytes: 10, messageBytes: 11 } },
      '/spec/limits/messageBytes',
    ],
    ['expired messages that go in a circle', { expiry: 'a' }, '/spec/expiry'],
  ])('are refused with %s', async (_, spec, pointer) => {
    const { controller } = await createWorld();
    await expect(controller.put(queue('a', spec))).rejects.toMatchObject({ problem: { errors: [{ pointer }] } });
  });
});

describe('addresses that look for duplicates', () => {
  it('are refused by a plane that cannot', async () => {
    const { controller, messaging } = await createWorld();
    const wish = queue('a', { deduplication: {} });
    await expect(controller.put(wish)).rejects.toMatchObject({
      problem: {
        type: 'https://millrace.dev/errors/not-supported',
        errors: [{ pointer: '/spec/deduplication', code: 'not-supported' }],
      },
    });
    messaging.capabilities = { ...messaging.capabilities, deduplication: true };
    const { document } = await controller.put(wish);
    expect(document.status).toMatchObject({ phase: 'Ready', statistics: { duplicates: 0 } });
    expect(messaging.addresses.get('a')?.spec.deduplication).toEqual({ window: 600_000, ids: 100_000 });
  });
});

describe('what would lose messages', () => {
  async function withStored() {
    const world = await createWorld();
    await world.controller.put(queue('a'));
    await world.messaging.send('a', { body: Buffer.from('x'), binary: false });
    return world;
  }

  it('is refused for a deletion, and done with force', async () => {
    const { controller, messaging, events } = await withStored();
    expect(await slugOf(controller.delete('Address', 'a'))).toBe('would-lose-messages');
    expect(messaging.requests).not.toContain('remove a');
    await controller.delete('Address', 'a', { force: true });
    expect(messaging.addresses.size).toBe(0);
    expect(controller.get('Address', 'a')).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: 'deleted', document: { metadata: { name: 'a' } } });
  });

  it('is refused for a change of type, and done with force', async () => {
    const { controller, messaging } = await withStored();
    const topic = desired('Address', 'a', { type: 'topic' });
    expect(await slugOf(controller.put(topic))).toBe('would-lose-messages');
    expect(messaging.addresses.get('a')!.spec.type).toBe('queue');
    expect((await controller.put(topic, { force: true })).document.status.phase).toBe('Ready');
    expect(messaging.addresses.get('a')!.spec.type).toBe('topic');
  });

  it('is found by the plane also when a message comes in just then', async () => {
    const { controller, messaging } = await createWorld();
    await controller.put(queue('a'));
    messaging.fault = async (request) => {
      messaging.fault = () => {};
      if (request === 'remove a') await messaging.send('a', { body: Buffer.from('x'), binary: false });
    };
    expect(await slugOf(controller.delete('Address', 'a'))).toBe('would-lose-messages');
    expect(controller.require('Address', 'a').status.phase).toBe('Ready');
  });

  it('nobody brings back what is on its way out', async () => {
    const { controller, messaging, timers } = await createWorld({ resyncMs: 1_000 });
    for (const name of ['a', 'b']) await controller.put(queue(name));
    let goOn = () => {};
    messaging.fault = (request) => (request === 'remove b' ? new Promise((resolve) => (goOn = resolve)) : undefined);
    const remove = ['a', 'b'].map((name) => ({ kind: 'Address', name }) as const);
    const replaced = controller.replace(() => ({ put: [], remove }), {});
    await flush();
    expect([...messaging.addresses.keys()]).toEqual(['b']);
    // Everything is looked at while a is gone from the plane and its document waits for b.
    await timers.advance(4_000);
    goOn();
    await replaced;
    await timers.advance(20_000);
    expect([messaging.addresses.size, controller.names('Address')]).toEqual([0, []]);
    expect(messaging.requests.filter((request) => request.startsWith('declare'))).toEqual(['declare a', 'declare b']);
  });

  it('what the plane gave up before a refusal is gone from the documents too', async () => {
    const { controller, messaging, events } = await createWorld();
    for (const name of ['a', 'b']) await controller.put(queue(name));
    messaging.fault = (request) => {
      if (request === 'remove b') throw new PlaneRefusal('Conflict', 'b is held');
    };
    const remove = ['a', 'b'].map((name) => ({ kind: 'Address', name }) as const);
    expect(await slugOf(controller.replace(() => ({ put: [], remove })))).toBe('conflict');
    await flush();
    expect([controller.names('Address'), [...messaging.addresses.keys()]]).toEqual([['b'], ['b']]);
    expect(events.filter(({ type }) => type === 'deleted')).toHaveLength(1);
  });

  it('what one refusal left undone is brought back at once', async () => {
    const { controller, messaging } = await createWorld();
    for (const name of ['a', 'b']) await controller.put(queue(name));
    messaging.fault = (request) => {
      if (request === 'remove b') throw new PlaneRefusal('Conflict', 'b is held');
    };
    const put = ['a', 'b'].map((name) => desired('Address', name, { type: 'topic' }));
    expect(await slugOf(controller.replace(() => ({ put, remove: [] })))).toBe('conflict');
    await flush();
    expect(messaging.addresses.get('a')!.spec.type).toBe('queue');
  });

  it('keeps the document when the plane cannot be asked', async () => {
    const { controller, messaging } = await createWorld();
    await controller.put(queue('a'));
    messaging.fault = () => {
      throw new Error('away');
    };
    expect(await slugOf(controller.delete('Address', 'a'))).toBe('plane-unavailable');
    expect(controller.names('Address')).toEqual(['a']);
  });
});

describe('jobs', () => {
  it('wait for their addresses with the reason, and go on by themselves', async () => {
    const { controller, processing } = await createWorld();
    const { document } = await controller.put(maxJob());
    expect(document.status).toMatchObject({ phase: 'Pending', source: 'temperature', target: 'max' });
    expect(condition(document, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'WaitingForAddress',
      message: 'waiting for addresses temperature and max: the job goes on by itself when they are declared',
    });
    await controller.put(queue('temperature'));
    await flush();
    expect(condition(controller.require('Job', 'max-temperature'), 'AddressesReady')).toMatchObject({
      status: 'False',
      message: 'waiting for address max: the job goes on by itself when it is declared',
    });
    expect(processing.requests).toEqual([]);
    await controller.put(queue('max'));
    await flush();
    expect(controller.require('Job', 'max-temperature').status).toMatchObject({
      phase: 'Running',
      observedGeneration: 1,
      warnings: ['competes'],
      statistics: { rowsIn: 7 },
    });
    expect(processing.requests).toEqual(['deploy max-temperature']);
  });

  async function running() {
    const world = await createWorld();
    await world.controller.put(queue('temperature'));
    await world.controller.put(queue('max'));
    await world.controller.put(maxJob());
    world.processing.requests.length = 0;
    return world;
  }

  it.each(['temperature', 'max'])('wait again when %s is removed, and go on with the new one', async (address) => {
    const { controller, processing } = await running();
    await controller.delete('Address', address);
    await flush();
    expect(controller.require('Job', 'max-temperature').status.phase).toBe('Pending');
    expect(condition(controller.require('Job', 'max-temperature'), 'Ready')).toMatchObject({
      reason: 'WaitingForAddress',
    });
    expect(processing.requests).toEqual(['pause max-temperature']);
    await controller.put(queue(address));
    await flush();
    expect(controller.require('Job', 'max-temperature').status.phase).toBe('Running');
    expect(processing.requests).toEqual(['pause max-temperature', 'deploy max-temperature']);
  });

  it('are not on an address that the plane does not have yet', async () => {
    const { controller, messaging, processing, timers } = await createWorld();
    await controller.put(queue('temperature'));
    messaging.fault = () => {
      throw new Error('away');
    };
    await controller.put(queue('max'));
    await controller.put(maxJob());
    expect(controller.require('Job', 'max-temperature').status.phase).toBe('Pending');
    messaging.fault = () => {};
    await timers.advance(200);
    expect(processing.requests).toEqual(['deploy max-temperature']);
  });

  it('are paused and resumed by their document, without a new deployment', async () => {
    const { controller, processing } = await running();
    const paused = await controller.setPaused('max-temperature', true);
    expect(paused).toMatchObject({ spec: { paused: true }, metadata: { generation: 2 }, status: { phase: 'Paused' } });
    expect((await controller.setPaused('max-temperature', false)).status.phase).toBe('Running');
    expect(processing.requests).toEqual(['pause max-temperature', 'resume max-temperature']);
  });

  it('are deployed anew when the SQL changes, and not when labels do', async () => {
    const { controller, processing } = await running();
    await controller.put(desired('Job', 'max-temperature', { sql: MAX_SQL }, { team: 'x' }));
    expect(processing.requests).toEqual([]);
    await controller.put(maxJob({ sql: 'INSERT INTO max SELECT body FROM STREAM temperature' }));
    expect(processing.requests).toEqual(['deploy max-temperature']);
  });

  it('may read a filter that no address is named after', async () => {
    const { controller, processing } = await createWorld();
    await controller.put(queue('max'));
    await controller.put(maxJob({ sql: 'INSERT INTO max SELECT body FROM STREAM devices/+/temperature' }));
    expect(processing.jobs.has('max-temperature')).toBe(true);
  });

  it('come again from a plane that fails at times', async () => {
    const { controller, processing, timers } = await createWorld();
    await controller.put(queue('temperature'));
    await controller.put(queue('max'));
    let requests = 0;
    processing.fault = () => {
      requests += 1;
      if (requests % 3 !== 0) throw new Error('no executor');
    };
    const { document } = await controller.put(maxJob());
    expect(document.status.phase).toBe('Pending');
    expect(condition(document, 'Ready')).toMatchObject({ reason: 'PlaneUnavailable', message: 'no executor' });
    await timers.advance(200 + 400);
    expect(controller.require('Job', 'max-temperature').status.phase).toBe('Running');
    expect(requests).toBe(3);
    // And the removal meets the same plane: nothing is forgotten before the plane has let go.
    expect(await slugOf(controller.delete('Job', 'max-temperature'))).toBe('plane-unavailable');
    expect(controller.names('Job')).toEqual(['max-temperature']);
    expect(await slugOf(controller.delete('Job', 'max-temperature'))).toBe('plane-unavailable');
    await controller.delete('Job', 'max-temperature');
    expect([controller.names('Job'), processing.jobs.size]).toEqual([[], 0]);
  });

  it('are refused with the SQL’s faults, spans and remedies', async () => {
    const { controller } = await createWorld();
    await expect(controller.put(maxJob({ sql: 'SELECT oops' }))).rejects.toMatchObject({
      problem: {
        status: 422,
        detail: 'line 1, column 8: no column oops',
        errors: [{ pointer: '/spec/sql', code: 'UNKNOWN_COLUMN', span: { start: 7, end: 11 }, fixes: ['body'] }],
      },
    });
  });

  it('are refused where the plane cannot run them', async () => {
    const { controller, processing } = await createWorld();
    processing.capabilities = { plane: 'fake', onErrorSkip: false };
    processing.refusals = [{ message: 'no LIKE there', start: 3, end: 7 }];
    await expect(controller.put(maxJob({ onError: 'skip' }))).rejects.toMatchObject({
      problem: {
        status: 422,
        errors: [{ pointer: '/spec/sql', span: { start: 3, end: 7 } }, { pointer: '/spec/onError' }],
      },
    });
  });

  it('stop when a new schema takes away what they read, and go on when it is back', async () => {
    const { controller, processing } = await createWorld();
    const schema = (name: string) => ({ schema: { format: 'json', columns: [{ name, type: 'INT' }] } });
    await controller.put(queue('temperature', schema('humidity')));
    await controller.put(queue('max'));
    await controller.put(maxJob({ sql: 'INSERT INTO max SELECT humidity FROM STREAM temperature' }));
    expect(processing.jobs.get('max-temperature')!.phase).toBe('Running');
    await controller.put(queue('temperature', schema('other')));
    await flush();
    const job = controller.require('Job', 'max-temperature');
    expect(job.status.phase).toBe('Failed');
    expect(condition(job, 'Accepted')).toMatchObject({ status: 'False', reason: 'InvalidSql' });
    expect(processing.jobs.get('max-temperature')!.phase).toBe('Paused');
    await controller.put(queue('temperature', schema('humidity')));
    await flush();
    expect(controller.require('Job', 'max-temperature').status.phase).toBe('Running');
  });

  it('are checked again when a schema has changed, and not each time all is looked at', async () => {
    let checks = 0;
    const loadSqlCheck =
      async () =>
      (...text: Parameters<typeof fakeSqlCheck>) => {
        checks += 1;
        return fakeSqlCheck(...text);
      };
    const { controller, timers } = await createWorld({ loadSqlCheck, resyncMs: 10_000 });
    await controller.put(queue('temperature'));
    await controller.put(queue('max'));
    await controller.put(maxJob());
    checks = 0;
    await timers.advance(50_000);
    expect(checks).toBe(0);
    await controller.put(queue('temperature', { schema: { format: 'json', columns: [{ name: 'x', type: 'INT' }] } }));
    await flush();
    expect(checks).toBe(1);
  });

  it('that failed are tried again when resumed', async () => {
    const { controller, processing } = await running();
    processing.jobs.get('max-temperature')!.phase = 'Failed';
    expect(controller.require('Job', 'max-temperature').status.phase).toBe('Failed');
    expect((await controller.setPaused('max-temperature', false)).status.phase).toBe('Running');
  });
});

describe('preconditions and trials', () => {
  it('If-Match and If-None-Match guard against each other’s changes', async () => {
    const { controller } = await createWorld();
    expect(await slugOf(controller.put(queue('a'), { ifMatch: '*' }))).toBe('precondition-failed');
    const { etag } = await controller.put(queue('a'), { ifNoneMatch: '*' });
    expect(await slugOf(controller.put(queue('a'), { ifNoneMatch: '*' }))).toBe('precondition-failed');
    await controller.put(queue('a', { ttl: 5 }), { ifMatch: `"x", ${etag}` });
    expect(await slugOf(controller.put(queue('a', { ttl: 6 }), { ifMatch: etag }))).toBe('precondition-failed');
    expect(await slugOf(controller.delete('Address', 'a', { ifMatch: etag }))).toBe('precondition-failed');
    // One that was deleted and made again is another one.
    await controller.delete('Address', 'a');
    await controller.put(queue('a'));
    expect(await slugOf(controller.delete('Address', 'a', { ifMatch: etag }))).toBe('precondition-failed');
  });

  it('of ten who hold the same version one wins', async () => {
    const { controller } = await createWorld();
    const { etag } = await controller.put(queue('a'));
    const puts = Array.from({ length: 10 }, (_, ttl) => controller.put(queue('a', { ttl }), { ifMatch: etag }));
    const results = await Promise.allSettled(puts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(controller.require('Address', 'a').metadata.generation).toBe(2);
  });

  it('a dry run checks and changes nothing', async () => {
    const { controller, messaging, events } = await createWorld();
    const { document, outcome } = await controller.put(queue('a'), { dryRun: true });
    expect([document.metadata.name, outcome]).toEqual(['a', 'created']);
    expect(await slugOf(controller.put(queue('b', { expiry: 'b' }), { dryRun: true }))).toBe('invalid-document');
    await controller.put(queue('c'));
    await controller.delete('Address', 'c', { dryRun: true });
    expect([controller.names('Address'), messaging.requests, events.length]).toEqual([['c'], ['declare c'], 2]);
  });

  it('a patch changes what it names', async () => {
    const { controller } = await createWorld();
    await controller.put(desired('Address', 'a', { type: 'queue', ttl: 5, whenFull: 'reject' }, { x: '1', y: '2' }));
    const patch = {
      metadata: { labels: { x: null, z: '3' } },
      spec: { ttl: null, limits: { bytes: '1MiB', messageBytes: 9 } },
    };
    const { document } = await controller.patch('Address', 'a', patch);
    expect(document.metadata).toMatchObject({ labels: { y: '2', z: '3' }, generation: 2 });
    expect(document.spec).toMatchObject({
      whenFull: 'reject',
      limits: { bytes: 1024 ** 2, messageBytes: 9, messages: 1e6 },
    });
    expect(document.spec).not.toHaveProperty('ttl');
    expect(await slugOf(controller.patch('Address', 'a', { spec: { colour: 1 } }))).toBe('invalid-document');
    expect(await slugOf(controller.patch('Address', 'a', { metadata: { name: 'b' } }))).toBe('invalid-document');
    expect(await slugOf(controller.patch('Address', 'nope', {}))).toBe('not-found');
    expect(await slugOf(controller.patch('Address', 'a', 7))).toBe('invalid-document');
  });

  it('what the store cannot keep was not done', async () => {
    const store = new MemoryDocumentStore();
    const { controller, messaging } = await createWorld({ store });
    store.commit = () => Promise.reject(new Error('disk'));
    await expect(controller.put(queue('a'))).rejects.toThrow('disk');
    expect([controller.names('Address'), messaging.requests]).toEqual([[], []]);
  });
});

it('brings the planes to what the store holds when it starts', async () => {
  const store = new MemoryDocumentStore();
  const first = await createWorld({ store });
  await first.controller.put(queue('temperature'));
  await first.controller.put(queue('max'));
  await first.controller.put(maxJob());
  first.controller.stop();
  const second = await createWorld({ store });
  expect(second.controller.ready).toBe(true);
  expect([...second.messaging.addresses.keys()].sort()).toEqual(['max', 'temperature']);
  expect(second.controller.require('Job', 'max-temperature').status.phase).toBe('Running');
});

it('a listener that throws is told of and harms nobody', async () => {
  const errors: unknown[] = [];
  const { controller } = await createWorld({ onError: (error) => errors.push(error) });
  controller.subscribe(() => {
    throw new Error('mine');
  });
  const seen: string[] = [];
  const end = controller.subscribe(({ type }) => seen.push(type));
  await controller.put(queue('a'));
  end();
  await controller.put(queue('b'));
  expect(seen).toEqual(['added', 'modified']);
  expect(errors.length).toBeGreaterThan(0);
});
