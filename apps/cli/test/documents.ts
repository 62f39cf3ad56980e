/** Documents as a server shows them. */

const conditions = [
  {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'it is ready',
    lastTransitionTime: '2026-11-24T08:00:00Z',
  },
];

export function addressDocument(
  name: string,
  statistics: Readonly<Record<string, number>> = {},
  notReady?: { readonly reason: string; readonly message: string },
): object {
  return {
    apiVersion: 'millrace.dev/v1',
    kind: 'Address',
    metadata: { name, labels: {}, uid: 'u-1', generation: 1, createdAt: '2026-11-24T08:00:00Z' },
    spec: { type: 'queue' },
    status: {
      phase: notReady === undefined ? 'Ready' : 'Pending',
      observedGeneration: 1,
      conditions:
        notReady === undefined
          ? conditions
          : conditions.map((condition) => ({ ...condition, status: 'False', ...notReady })),
      statistics: {
        stored: 0,
        storedBytes: 0,
        senders: 1,
        receivers: 2,
        messagesIn: 40,
        messagesOut: 30,
        dropped: 0,
        rejected: 0,
        expired: 0,
        deadLettered: 0,
        ...statistics,
      },
    },
  };
}

export function jobDocument(name: string): object {
  return {
    apiVersion: 'millrace.dev/v1',
    kind: 'Job',
    metadata: { name, labels: {}, uid: 'u-2', generation: 1, createdAt: '2026-11-24T08:00:00Z' },
    spec: { sql: 'INSERT INTO max\nSELECT body FROM STREAM temperature', onError: 'fail', paused: false },
    status: {
      phase: 'Running',
      observedGeneration: 1,
      conditions,
      source: 'temperature',
      target: 'max',
      warnings: ['competes with 2 other receivers on the queue temperature'],
      statistics: {
        rowsIn: 7,
        rowsOut: 3,
        rowsLate: 0,
        rowsFailed: 0,
        backlog: 4,
        openWindows: 1,
        stateRows: 9,
      },
    },
  };
}
