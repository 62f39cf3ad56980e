/** Subscriptions that keep messages while nobody receives: clients and jobs make them, and here they are seen and deleted. */
import { problemError } from '@millrace/contract';
import type { SubscriptionObservation } from '@millrace/controller';
import type { HttpDependencies } from './dependencies.js';
import { type Listing, listed, listingParameters, number, text } from './listing.js';
import { demand } from './permission.js';
import { flag, json, type Route } from './route.js';

const LISTING: Listing<SubscriptionObservation> = {
  key: ({ name }) => name,
  fields: {
    name: text(({ name }) => name),
    source: text(({ source }) => source),
    owner: text(({ owner }) => owner),
    container: text(({ container }) => container),
    stored: number(({ stored }) => stored),
    storedBytes: number(({ storedBytes }) => storedBytes),
    receivers: number(({ receivers }) => receivers),
  },
};
const PATH = '/v1/subscriptions';

export function subscriptionRoutes({ controller, authorizer }: HttpDependencies): readonly Route[] {
  const { messaging } = controller;
  const find = (wanted: string): SubscriptionObservation => {
    const found = messaging.observeSubscriptions().find(({ name }) => name === wanted);
    if (found === undefined) throw problemError('not-found', `there is no subscription ${wanted}`);
    return found;
  };
  return [
    {
      method: 'GET',
      path: PATH,
      operation: 'listSubscriptions',
      summary: 'Subscriptions that keep messages while nobody receives',
      query: listingParameters(LISTING),
      answers: { 200: { summary: 'a page', schema: 'SubscriptionPage' } },
      handle: ({ query, principal }) => {
        const items = messaging
          .observeSubscriptions()
          .filter(({ source }) => authorizer.authorize(principal, 'view', source))
          .sort((left, right) => (left.name < right.name ? -1 : 1));
        return json(listed(query, LISTING, { items, show: (subscription) => subscription }));
      },
    },
    {
      method: 'GET',
      path: `${PATH}/{name}`,
      operation: 'getSubscription',
      summary: 'One subscription',
      answers: { 200: { summary: 'the subscription', schema: 'Subscription' } },
      handle: ({ name, principal }) => {
        const found = find(name);
        demand(authorizer, principal, 'view', found.source);
        return json(found);
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/{name}`,
      operation: 'deleteSubscription',
      summary: 'Forgets it; its receivers are told',
      query: [{ name: 'force', type: 'boolean', summary: 'also when stored messages are deleted by it' }],
      answers: { 204: { summary: 'deleted' } },
      handle: async ({ name, principal, query }) => {
        const { source, owner, container, stored } = find(name);
        demand(authorizer, principal, 'manage', source);
        if (owner === 'job' && controller.get('Job', container) !== undefined) {
          throw problemError('conflict', `${name} is how the job ${container} reads: delete the job instead`);
        }
        if (stored > 0 && !flag(query, 'force')) {
          const detail = `${name} holds ${stored} ${stored === 1 ? 'message' : 'messages'}`;
          const details = [{ pointer: '', code: 'stored-messages', detail }];
          throw problemError(
            'would-lose-messages',
            `${detail}: nothing was changed. With force they are deleted.`,
            details,
          );
        }
        if (await messaging.removeSubscription(name)) return new Response(null, { status: 204 });
        throw problemError('not-found', `there is no subscription ${name}`);
      },
    },
  ];
}
