import { Broker } from '@millrace/broker';
import type { StoreChange } from '@millrace/controller';
import { MemoryJournal } from '@millrace/journal';
import { expect, test } from 'vitest';
import { KeptDocuments } from '../src/kept-documents.js';

function openBroker(): Broker {
  const broker: Broker = new Broker({
    journal: new MemoryJournal(),
    now: Date.now,
    scheduleCommit: () => setImmediate(() => broker.commitPending()),
  });
  return broker;
}

function put(name: string): StoreChange {
  const metadata = { name, uid: `u-${name}`, generation: 1, createdAt: '2026-01-01T00:00:00Z', labels: {} };
  return { action: 'put', document: { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata, spec: {} } as never };
}

test('what was put and not deleted is there for the next one, in order of names', async () => {
  const broker = openBroker();
  const documents = new KeptDocuments(broker);
  await documents.commit([put('b'), put('a')]);
  await documents.commit([put('c'), { action: 'delete', kind: 'Address', name: 'b' }]);
  const next = new KeptDocuments(broker);
  expect(next.list('Address').map(({ metadata }) => metadata)).toEqual(
    documents.list('Address').map(({ metadata }) => metadata),
  );
  expect(next.list('Address').map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
});

test.each([
  ['Wheel/ada', '{}', 'the document Wheel/ada, of a kind that this version does not know'],
  ['Address/a', '{', 'a document Address/a that cannot be read'],
])('a document %s with %s is refused by name', (key, text, message) => {
  const broker = openBroker();
  broker.keep('document', key, Buffer.from(text));
  expect(() => new KeptDocuments(broker)).toThrow(message);
});
