import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PlaneRefusal, type ReadableMessage } from '../src/index.js';
import { flush } from './support/manual-timers.js';
import { createWorld, desired, maxJob, queue } from './support/world.js';

const NAMES = ['temperature', 'max', 'other'];

/** What someone does, or what befalls a plane. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('put' as const),
      name: fc.constantFrom(...NAMES),
      type: fc.constantFrom('queue', 'topic'),
      ttl: fc.integer({ min: 1, max: 3 }),
      force: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('delete' as const), name: fc.constantFrom(...NAMES), force: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('putJob' as const), paused: fc.boolean(), other: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('deleteJob' as const) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('send' as const), name: fc.constantFrom(...NAMES) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('replace' as const),
      put: fc.subarray(NAMES),
      remove: fc.subarray(NAMES),
      force: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('lose' as const), name: fc.constantFrom(...NAMES) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15_000 }) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type World = Awaited<ReturnType<typeof createWorld>>;

function begin({ controller, messaging }: World, one: Step): Promise<unknown> {
  switch (one.act) {
    case 'put':
      return controller.put(desired('Address', one.name, { type: one.type, ttl: one.ttl }), { force: one.force });
    case 'delete':
      return controller.delete('Address', one.name, { force: one.force });
    case 'putJob':
      return controller.put(
        maxJob({
          paused: one.paused,
          ...(one.other && { sql: 'INSERT INTO other SELECT body FROM STREAM temperature' }),
        }),
      );
    case 'deleteJob':
      return controller.delete('Job', 'max-temperature');
    case 'send':
      // A client's message: it does not pass the requests that fail.
      messaging.addresses.get(one.name)?.messages.push({} as ReadableMessage);
      return Promise.resolve();
    case 'replace': {
      const remove = one.remove
        .filter((name) => !one.put.includes(name) && controller.get('Address', name) !== undefined)
        .map((name) => ({ kind: 'Address', name }) as const);
      return controller.replace(() => ({ put: one.put.map((name) => queue(name)), remove }), { force: one.force });
    }
    case 'lose':
      messaging.addresses.delete(one.name);
      return Promise.resolve();
    case 'wait':
      return Promise.resolve();
  }
}

it('whatever is asked and whichever requests fail, the planes come to what the documents say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
      async (steps, luck) => {
        const world = await createWorld();
        const { controller, messaging, processing, timers } = world;
        const fault = async () => {
          const { value } = luck.next();
          if (value === 0) throw new Error('away');
          if (value === 1) throw new PlaneRefusal('Conflict', 'not now');
          if (value === 2) await flush();
          if (value === 3) await new Promise(() => {});
        };
        messaging.fault = fault;
        processing.fault = fault;
        const pending: Promise<unknown>[] = [];
        for (const one of steps) {
          // Refusals are well; what must not be is a wedge or a difference in the end.
          pending.push(begin(world, one).catch(() => {}));
          await timers.advance(one.act === 'wait' ? one.ms : 0);
        }
        messaging.fault = () => {};
        processing.fault = () => {};
        await timers.advance(300_000);
        await Promise.all(pending);
        await timers.advance(60_000);

        const wished = controller.stored('Address').map(({ metadata, spec }) => [metadata.name, spec]);
        const held = [...messaging.addresses]
          .map(([name, { spec }]) => [name, spec] as const)
          .sort(([left], [right]) => (left < right ? -1 : 1));
        expect(held).toEqual(wished);
        for (const name of controller.names('Address')) {
          expect(controller.require('Address', name)).toMatchObject({ status: { phase: 'Ready' } });
        }
        const job = controller.get('Job', 'max-temperature');
        expect([...processing.jobs.keys()]).toEqual(
          job === undefined || job.status.phase === 'Pending' ? expect.anything() : ['max-temperature'],
        );
        if (job === undefined) {
          expect(processing.jobs.size).toBe(0);
          return;
        }
        const there = ['temperature', /INTO (\w+)/.exec(job.spec.sql)![1]!].every((name) =>
          messaging.addresses.has(name),
        );
        expect(job.status.phase).toBe(!there ? 'Pending' : job.spec.paused ? 'Paused' : 'Running');
        const runs = processing.jobs.get('max-temperature');
        if (there) expect(runs!.spec.sql).toBe(job.spec.sql);
        else expect(runs?.phase).not.toBe('Running');
      },
    ),
    { numRuns: 300, endOnFailure: true },
  );
});
