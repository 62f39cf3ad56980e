/** EnMasse's v3 API. Names may hold `/`, sent plainly or as `%2F`. */
import { v3Address, v3AddressList } from '@millrace/contract';
import type { V3Addresses } from '@millrace/controller';
import { readJson } from './request-body.js';
import { type Call, flag, json, type QueryParameter, type Route } from './route.js';

const FORCE: QueryParameter = {
  name: 'force',
  type: 'boolean',
  summary: 'also when stored messages are deleted by it',
};
const ANY_PATH = '.+';
const LIST = { 200: { summary: 'all addresses', schema: 'V3AddressList' } };
const ONE = { 200: { summary: 'the address', schema: 'V3Address' } };
const LIST_BODY = { 'application/json': v3AddressList };
const ONE_BODY = { 'application/json': v3Address };

export function v3Routes(addresses: V3Addresses): readonly Route[] {
  const options = ({ principal, query }: Call) => ({ principal, force: flag(query, 'force') });
  const all = { path: '/v3/address' } as const;
  const one = { path: '/v3/address/{name}', namePattern: ANY_PATH } as const;
  return [
    {
      ...all,
      method: 'GET',
      operation: 'v3ListAddresses',
      summary: 'All addresses',
      answers: LIST,
      handle: ({ principal }) => json(addresses.list(principal)),
    },
    {
      ...all,
      method: 'PUT',
      operation: 'v3ReplaceAddresses',
      summary: 'Replaces the addresses that v3 made',
      query: [FORCE],
      body: LIST_BODY,
      answers: LIST,
      handle: async (call) => json(await addresses.replaceAll(await readJson(call.request), options(call))),
    },
    {
      ...all,
      method: 'POST',
      operation: 'v3UpsertAddress',
      summary: 'Creates or replaces one Address, or those of an AddressList',
      query: [FORCE],
      body: ONE_BODY,
      answers: LIST,
      handle: async (call) => json(await addresses.upsert(await readJson(call.request), options(call))),
    },
    {
      ...one,
      method: 'GET',
      operation: 'v3GetAddress',
      summary: 'One address',
      answers: ONE,
      handle: ({ name, principal }) => json(addresses.get(name, principal)),
    },
    {
      ...one,
      method: 'PUT',
      operation: 'v3PutAddress',
      summary: 'Creates or replaces one address',
      query: [FORCE],
      body: ONE_BODY,
      answers: ONE,
      handle: async (call) => json(await addresses.put(call.name, await readJson(call.request), options(call))),
    },
    {
      ...one,
      method: 'DELETE',
      operation: 'v3DeleteAddress',
      summary: 'Deletes an address; an unknown one is well',
      query: [FORCE],
      answers: { 200: { summary: 'the addresses that remain', schema: 'V3AddressList' } },
      handle: async (call) => json(await addresses.delete(call.name, options(call))),
    },
    {
      method: 'GET',
      path: '/v3/flavor',
      operation: 'v3ListFlavors',
      summary: 'All flavors',
      answers: { 200: { summary: 'all flavors', schema: 'V3FlavorList' } },
      handle: () => json(addresses.flavors()),
    },
    {
      method: 'GET',
      path: '/v3/flavor/{name}',
      operation: 'v3GetFlavor',
      summary: 'One flavor',
      answers: { 200: { summary: 'the flavor', schema: 'V3Flavor' } },
      handle: ({ name }) => json(addresses.flavor(name)),
    },
  ];
}
