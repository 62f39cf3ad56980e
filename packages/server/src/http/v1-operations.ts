/** What takes longer than an answer: how far it is, and stopping it. */
import { problemError } from '@millrace/contract';
import type { Operation, Operations } from '@millrace/controller';
import type { Authorizer } from '@millrace/security';
import { type Listing, listed, listingParameters, number, text } from './listing.js';
import { demand } from './permission.js';
import { integer, json, type QueryParameter, type Route } from './route.js';

const LISTING: Listing<Operation> = {
  key: ({ id }) => id,
  fields: {
    id: text(({ id }) => id),
    kind: text(({ kind }) => kind),
    address: text(({ address }) => address),
    state: text(({ state }) => state),
    startedAt: text(({ startedAt }) => startedAt),
    done: number(({ done }) => done),
    skipped: number(({ skipped }) => skipped),
  },
};
const PATH = '/v1/operations';
const WAIT_SECONDS = { least: 0, most: 30, otherwise: 5 } as const;

export const WAIT: QueryParameter = {
  name: 'wait',
  type: 'integer',
  summary: 'seconds that the answer waits for the end, 0 to 30; 5 without it',
  range: WAIT_SECONDS,
};

/** 200 when it ended in time, else 202 and where to look. */
export async function operationAnswer(
  operations: Operations,
  { id }: Operation,
  query: URLSearchParams,
): Promise<Response> {
  const waitMs = integer(query, 'wait', WAIT_SECONDS) * 1000;
  const operation = await operations.wait(id, waitMs);
  if (operation === undefined) throw problemError('not-found', `the operation ${id} was forgotten`);
  return operation.state === 'running' ? json(operation, 202, { location: `${PATH}/${id}` }) : json(operation);
}

export function operationRoutes(operations: Operations, authorizer: Authorizer): readonly Route[] {
  const find = (id: string): Operation => {
    const operation = operations.get(id);
    if (operation === undefined) throw problemError('not-found', `there is no operation ${id}`);
    return operation;
  };
  return [
    {
      method: 'GET',
      path: PATH,
      operation: 'listOperations',
      summary: 'Operations that run, and the last ones that ended',
      query: listingParameters(LISTING),
      answers: { 200: { summary: 'a page', schema: 'OperationPage' } },
      handle: ({ query, principal }) => {
        const items = operations
          .list()
          .filter(({ address }) => authorizer.authorize(principal, 'view', address))
          .sort((left, right) => (left.id < right.id ? -1 : 1));
        return json(listed(query, LISTING, { items, show: (operation) => operation }));
      },
    },
    {
      method: 'GET',
      path: `${PATH}/{name}`,
      operation: 'getOperation',
      summary: 'How far it is',
      query: [{ ...WAIT, summary: 'seconds that the answer waits for the end, 0 to 30; 0 without it' }],
      answers: { 200: { summary: 'the operation', schema: 'Operation' } },
      handle: async ({ name, principal, query }) => {
        const { address } = find(name);
        demand(authorizer, principal, 'view', address);
        const waitMs = integer(query, 'wait', { ...WAIT_SECONDS, otherwise: 0 }) * 1000;
        return json((waitMs > 0 ? await operations.wait(name, waitMs) : undefined) ?? find(name));
      },
    },
    {
      method: 'DELETE',
      path: `${PATH}/{name}`,
      operation: 'cancelOperation',
      summary: 'Stops it after its step; what it has done stays. One that has ended is forgotten',
      answers: { 204: { summary: 'it will stop, or is forgotten' } },
      handle: ({ name, principal }) => {
        demand(authorizer, principal, 'manage', find(name).address);
        operations.cancel(name);
        return new Response(null, { status: 204 });
      },
    },
  ];
}
