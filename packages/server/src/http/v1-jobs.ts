/** What may be done with a job beside its document. */
import type { Controller } from '@millrace/controller';
import type { Authorizer } from '@millrace/security';
import { demand, jobAddress } from './permission.js';
import { json, type Route } from './route.js';

/** A job's name has no colon, so the action cannot be mistaken for a part of it. */
const NAME = '[^/:]+';

export function jobRoutes(controller: Controller, authorizer: Authorizer): readonly Route[] {
  const control = (action: 'pause' | 'resume'): Route => ({
    method: 'POST',
    path: `/v1/jobs/{name}:${action}`,
    namePattern: NAME,
    operation: `${action}Job`,
    summary: action === 'pause' ? 'Stops reading; inputs wait' : 'Goes on, or tries again after a failure',
    answers: { 200: { summary: 'the Job', schema: 'Job' } },
    handle: async ({ name, principal }) => {
      demand(authorizer, principal, 'manage', jobAddress(name));
      const document = await controller.setPaused(name, action === 'pause');
      return json(document, 200, { etag: controller.etag(document) });
    },
  });
  return [
    control('pause'),
    control('resume'),
    {
      method: 'GET',
      path: '/v1/jobs/{name}/results',
      operation: 'listJobResults',
      summary: 'The last rows that the job sent, newest last',
      answers: { 200: { summary: 'the rows', schema: 'JobResultPage' } },
      handle: ({ name, principal }) => {
        demand(authorizer, principal, 'view', jobAddress(name));
        const { status } = controller.require('Job', name);
        if (status.target !== undefined) demand(authorizer, principal, 'recv', status.target);
        return json({ items: controller.processing.results(name) });
      },
    },
  ];
}
