/** Jobs among the connections, as operators see them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EmbeddedMessagingPlane } from '../../src/messaging-plane.js';
import { START } from '../jobs/job-fixture.js';
import { Plant, text } from '../jobs/plant.js';

const COPY = 'INSERT INTO max SELECT body FROM STREAM temperature';

let plant: Plant;
let messaging: EmbeddedMessagingPlane;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'], now: START });
  plant = new Plant();
  plant.journal.fails = () => false;
  for (const name of ['temperature', 'max']) plant.broker.declare(name, { type: 'queue' });
  messaging = new EmbeddedMessagingPlane(plant.broker, [], '127.0.0.1', plant.access);
});
afterEach(() => {
  plant.plane.close();
  vi.useRealTimers();
});

const shown = () =>
  messaging.observeConnections().map(({ id, links }) => [id, ...links.map((link) => link.deliveries)]);

test('a job is a connection with a link on its source and one on its target', async () => {
  await plant.deploy(COPY);
  plant.send('temperature', text(1), text(2));
  plant.pass(100);
  expect(messaging.observeConnections()).toEqual([
    {
      id: 'job-job',
      protocol: 'job',
      container: 'job/job',
      host: '',
      user: '',
      encrypted: false,
      openedAt: '2026-11-24T10:00:00.000Z',
      properties: {},
      links: [
        { name: 'job', role: 'receiver', address: 'temperature', credit: 8192, unsettled: 0, deliveries: 2 },
        { name: 'job', role: 'sender', address: 'max', credit: 0, unsettled: 0, deliveries: 2 },
      ],
    },
  ]);
});

test('what is not committed yet is unsettled at both ends', async () => {
  await plant.deploy(COPY);
  plant.pass(100);
  plant.send('temperature', text(1), text(2), text(3));
  vi.advanceTimersByTime(1);
  const [job] = messaging.observeConnections();
  expect(job?.links.map(({ unsettled, deliveries }) => [unsettled, deliveries])).toEqual([
    [3, 3],
    [3, 0],
  ]);
});

test('a job that is paused, removed or without its source is none', async () => {
  for (const name of ['one', 'two', 'three']) await plant.deploy(COPY, name);
  plant.pass(100);
  expect(shown().map(([id]) => id)).toEqual(['job-one', 'job-two', 'job-three']);
  await plant.plane.control('one', 'pause');
  await plant.plane.remove('two');
  expect(shown().map(([id]) => id)).toEqual(['job-three']);
  await plant.plane.control('one', 'resume');
  expect(shown().map(([id]) => id)).toEqual(['job-three', 'job-one']);
  plant.broker.remove('temperature', { force: true });
  expect(shown()).toEqual([]);
});

test('closing it is refused: that is for pause', async () => {
  await plant.deploy(COPY);
  expect(await messaging.closeConnection('job-job', 'away with it')).toBe(false);
  expect(shown()).toHaveLength(1);
});
