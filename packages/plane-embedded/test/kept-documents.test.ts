/** Documents when nothing more can be written: who applies one hears which of the two it is. */
import { Broker } from '@millrace/broker';
import type { StoredDocument } from '@millrace/controller';
import { expect, test } from 'vitest';
import { KeptDocuments } from '../src/kept-documents.js';
import { StateJournal } from './support/state-journal.js';

test('are refused while the journal is full or has failed, in words that help, and deleted while it is full', async () => {
  const journal = new StateJournal();
  const broker: Broker = new Broker({
    journal,
    now: Date.now,
    scheduleCommit: () => setImmediate(() => broker.commitPending()),
  });
  const documents = new KeptDocuments(broker);
  const document = { kind: 'Address', metadata: { name: 'a' } } as StoredDocument;
  const put = () => documents.commit([{ action: 'put', document }]);
  await put();
  journal.state = { kind: 'full' };
  await expect(put()).rejects.toMatchObject({ problem: { status: 507, type: expect.stringContaining('store-full') } });
  await documents.commit([{ action: 'delete', kind: 'Address', name: 'a' }]);
  expect(documents.get('Address', 'a')).toBeUndefined();
  journal.state = { kind: 'open' };
  await put();
  journal.state = { kind: 'failed' };
  await expect(put()).rejects.toMatchObject({ problem: { type: expect.stringContaining('store-failed') } });
  expect(documents.get('Address', 'a')).toBeDefined();
});
