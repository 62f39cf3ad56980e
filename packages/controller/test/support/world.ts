import { checkDocument, type DesiredDocument, type Kind } from '@millrace/contract';
import { Controller, type ControllerOptions, type DocumentEvent } from '../../src/index.js';
import { FakeMessagingPlane, FakeProcessingPlane, fakeSqlCheck } from './fake-planes.js';
import { ManualTimers } from './manual-timers.js';

export function desired(kind: Kind, name: string, spec: object, labels: object = {}): DesiredDocument {
  const checked = checkDocument({ apiVersion: 'millrace.dev/v1', kind, metadata: { name, labels }, spec });
  if (!checked.ok) throw new Error(JSON.stringify(checked.details));
  return checked.value;
}

export function queue(name: string, spec: object = {}): DesiredDocument {
  return desired('Address', name, { type: 'queue', ...spec });
}

export const MAX_SQL = 'INSERT INTO max SELECT max(body) AS body FROM STREAM temperature';

export function maxJob(spec: object = {}): DesiredDocument {
  return desired('Job', 'max-temperature', { sql: MAX_SQL, ...spec });
}

/** A started controller on fake planes, with a clock that stands. */
export async function createWorld(options: Partial<ControllerOptions> = {}) {
  const messaging = new FakeMessagingPlane();
  const processing = new FakeProcessingPlane();
  const timers = new ManualTimers();
  let created = 0;
  const newUid = () => {
    created += 1;
    return `uid-${created}`;
  };
  const controller = new Controller({
    messaging,
    processing,
    timers,
    loadSqlCheck: async () => fakeSqlCheck,
    newUid,
    ...options,
  });
  const events: DocumentEvent[] = [];
  controller.subscribe((event) => events.push(event));
  await controller.start();
  return { controller, messaging, processing, timers, events };
}

export function condition(document: { status: { conditions: readonly { type: string }[] } }, type: string) {
  return document.status.conditions.find((one) => one.type === type);
}

/** A user with a password's credentials, made once: they fit no password. */
export function user(
  name: string,
  permissions: readonly object[] = [{ verbs: ['manage'], addresses: ['#'] }],
): DesiredDocument {
  const key = Buffer.alloc(32, 7).toString('base64');
  const credentials = { iterations: 4096, salt: key, storedKey: key, serverKey: key };
  return desired('User', name, { authentication: { type: 'password', credentials }, permissions });
}
