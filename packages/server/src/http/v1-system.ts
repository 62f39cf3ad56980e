/** What the server tells about itself: status, probes. */
import { problemError, type ServerStatus, type StoreStatus } from '@millrace/contract';
import type { HttpDependencies } from './dependencies.js';
import { demand } from './permission.js';
import { json, type Route } from './route.js';

export function systemRoutes(dependencies: HttpDependencies): readonly Route[] {
  const { controller, authorizer } = dependencies;
  return [
    {
      method: 'GET',
      path: '/v1/status',
      operation: 'getStatus',
      summary: 'What runs and where, and how much of it is well',
      answers: { 200: { summary: 'the status', schema: 'ServerStatus' } },
      handle: ({ principal }) => {
        demand(authorizer, principal, 'view', '#');
        return json(statusOf(dependencies));
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      open: true,
      operation: 'isAlive',
      summary: 'The process answers',
      answers: { 200: { summary: 'alive', schema: 'Probe' } },
      handle: () => json({ status: 'alive' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      open: true,
      operation: 'isReady',
      summary: 'All documents have been brought to the planes once, and the store has not failed',
      answers: { 200: { summary: 'ready', schema: 'Probe' } },
      handle: () => {
        if (!controller.ready) throw problemError('not-ready', 'documents are being brought to the planes');
        const { state, message } = storeOf(dependencies);
        if (state === 'failed') throw problemError('store-failed', message ?? 'the store has failed');
        return json({ status: 'ready' });
      },
    },
  ];
}

const MEMORY: StoreStatus = { kind: 'memory', state: 'open' };

function storeOf({ store }: HttpDependencies): StoreStatus {
  return store?.() ?? MEMORY;
}

export function statusOf(dependencies: HttpDependencies): ServerStatus {
  const { controller, version, startedAt, endpoints } = dependencies;
  const addresses = controller.names('Address');
  const jobs = controller.names('Job');
  return {
    version,
    startedAt: startedAt.toISOString(),
    ready: controller.ready,
    planes: {
      messaging: controller.messaging.capabilities.plane,
      processing: controller.processing.capabilities.plane,
    },
    endpoints: endpoints(),
    addresses: {
      total: addresses.length,
      ready: addresses.filter((name) => controller.isAddressReady(name)).length,
    },
    jobs: {
      total: jobs.length,
      running: jobs.filter((name) => controller.get('Job', name)?.status.phase === 'Running').length,
    },
    connections: controller.messaging.observeConnections().length,
    store: storeOf(dependencies),
  };
}
