/** `/metrics`: for Prometheus. */
import type { Exposition } from '../metrics/exposition.js';
import type { HttpDependencies } from './dependencies.js';
import { demand } from './permission.js';
import type { Route } from './route.js';

export function metricsRoutes({ authorizer, metrics }: HttpDependencies): readonly Route[] {
  if (metrics === undefined) return [];
  let exposition: Promise<Exposition> | undefined;
  return [
    {
      method: 'GET',
      path: '/metrics',
      operation: 'getMetrics',
      summary: 'Counters and limits, in the text format of Prometheus',
      answers: { 200: { summary: 'the metrics', mediaType: 'text/plain' } },
      handle: async ({ principal }) => {
        demand(authorizer, principal, 'view', '#');
        exposition ??= import('../metrics/exposition.js').then(({ Exposition: Loaded }) => new Loaded(metrics));
        const loaded = await exposition;
        return new Response(await loaded.text(), { headers: { 'content-type': loaded.contentType } });
      },
    },
  ];
}
