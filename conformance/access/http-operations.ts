/** The operations of the table over REST. */
import type { Entrance, Operations } from './operations.js';
import { ADDRESSES, type Identity, JOB } from './table.js';

export async function httpOperations(identity: Identity, { httpPort }: Entrance): Promise<Operations | undefined> {
  const call = (method: string, path: string, body?: object) => request(identity, httpPort, { method, path, body });
  /** 401 and 403 are refusals; anything else is an answer to somebody who may. */
  const may = async (method: string, path: string, body?: object) => {
    const status = await call(method, path, body);
    if (status >= 500) throw new Error(`${method} ${path}: ${status}`);
    return status !== 403 && status !== 401;
  };
  if ((await call('GET', '/openapi.json')) === 401) return undefined;
  const one = (name: string) => `/v1/addresses/${encodeURIComponent(name)}`;
  return {
    operations: {
      connect: async () => true,
      send: (name) => may('POST', `${one(name)}/messages`, { body: 'x' }),
      browse: (name) => may('GET', `${one(name)}/messages`),
      purge: (name) => may('DELETE', `${one(name)}/messages`),
      look: (name) => may('GET', one(name)),
      declare: (name) => may('PUT', `${one(name)}?dryRun=true`, addressDocument(name)),
      remove: (name) => may('DELETE', `${one(name)}?dryRun=true&force=true`),
      'run-job': () => may('PUT', '/v1/jobs/team?dryRun=true', jobDocument()),
      'manage-users': () => may('GET', '/v1/users'),
      status: () => may('GET', '/v1/status'),
    },
    close: async () => {},
  };
}

export async function request(
  { name, password }: Identity,
  port: number,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: object | undefined },
): Promise<number> {
  const headers = new Headers();
  if (password !== undefined) {
    headers.set('authorization', `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`);
  }
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    headers.set('content-type', 'application/json');
    init.body = JSON.stringify(body);
  }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  await response.arrayBuffer();
  return response.status;
}

export function addressDocument(name: string): object {
  const type = (ADDRESSES as Readonly<Record<string, string>>)[name] ?? 'queue';
  return { apiVersion: 'millrace.dev/v1', kind: 'Address', metadata: { name }, spec: { type } };
}

export function jobDocument(): object {
  return { apiVersion: 'millrace.dev/v1', kind: 'Job', metadata: { name: 'team' }, spec: { sql: JOB } };
}
