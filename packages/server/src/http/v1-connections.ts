/** Connections of clients and jobs. */
import { problemError } from '@millrace/contract';
import type { ConnectionObservation } from '@millrace/controller';
import type { HttpDependencies } from './dependencies.js';
import { type Listing, listed, listingParameters, number, text } from './listing.js';
import { demand } from './permission.js';
import { json, type Route } from './route.js';

const LISTING: Listing<ConnectionObservation> = {
  key: ({ id }) => id,
  fields: {
    id: text(({ id }) => id),
    protocol: text(({ protocol }) => protocol),
    container: text(({ container }) => container),
    host: text(({ host }) => host),
    user: text(({ user }) => user),
    encrypted: { type: 'boolean', read: ({ encrypted }) => encrypted },
    openedAt: text(({ openedAt }) => openedAt),
    links: number(({ links }) => links.length),
    senders: number(({ links }) => links.filter(({ role }) => role === 'sender').length),
    receivers: number(({ links }) => links.filter(({ role }) => role === 'receiver').length),
    unsettled: number(({ links }) => links.reduce((sum, link) => sum + link.unsettled, 0)),
    deliveries: number(({ links }) => links.reduce((sum, link) => sum + link.deliveries, 0)),
  },
  keyed: { properties: ({ properties }, key) => (Object.hasOwn(properties, key) ? properties[key] : undefined) },
};
const REASON_LENGTH_MAX = 1024;

export function connectionRoutes({ controller, authorizer }: HttpDependencies): readonly Route[] {
  const { messaging } = controller;
  const find = (id: string) => messaging.observeConnections().find((connection) => connection.id === id);
  return [
    {
      method: 'GET',
      path: '/v1/connections',
      operation: 'listConnections',
      summary: 'Connections of clients and jobs, with their links',
      query: listingParameters(LISTING),
      answers: { 200: { summary: 'a page', schema: 'ConnectionPage' } },
      handle: ({ query, principal }) => {
        demand(authorizer, principal, 'view', '#');
        const items = [...messaging.observeConnections()].sort((left, right) => (left.id < right.id ? -1 : 1));
        return json(listed(query, LISTING, { items, show: (connection) => connection }));
      },
    },
    {
      method: 'GET',
      path: '/v1/connections/{name}',
      operation: 'getConnection',
      summary: 'One connection, by its id',
      answers: { 200: { summary: 'the connection', schema: 'Connection' } },
      handle: ({ name, principal }) => {
        demand(authorizer, principal, 'view', '#');
        const connection = find(name);
        if (connection === undefined) throw problemError('not-found', `there is no connection ${name}`);
        return json(connection);
      },
    },
    {
      method: 'DELETE',
      path: '/v1/connections/{name}',
      operation: 'closeConnection',
      summary: 'Closes a connection; its peer is told why',
      query: [{ name: 'reason', type: 'string', summary: 'what the peer is told, beside who closed it' }],
      answers: { 204: { summary: 'closed' } },
      handle: async ({ name, principal, query }) => {
        demand(authorizer, principal, 'manage', '#');
        const why = (query.get('reason') ?? '').slice(0, REASON_LENGTH_MAX);
        const reason = `closed over REST by ${principal.name}${why === '' ? '' : `: ${why}`}`;
        if (find(name)?.protocol === 'job') {
          throw problemError('conflict', `${name} is a job: pause it instead of closing its connection`);
        }
        if (await messaging.closeConnection(name, reason)) return new Response(null, { status: 204 });
        throw problemError('not-found', `there is no connection ${name}`);
      },
    },
  ];
}
