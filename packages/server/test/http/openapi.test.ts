import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { z } from 'zod';
import { maxJob, queue, user } from '../../../controller/test/support/world.js';
import { routesOf } from '../../src/http/app.js';
import { ANSWER_SCHEMAS } from '../../src/http/openapi-schemas.js';
import { createHttpWorld } from '../support/http-world.js';

const PAGE = readFileSync(new URL('../../../../docs/reference/rest.md', import.meta.url), 'utf8');

it('describes every route, and every reference leads somewhere', async () => {
  const { call, dependencies } = await createHttpWorld();
  const { status, body } = await call('GET', '/openapi.json');
  expect([status, body.openapi]).toEqual([200, '3.1.0']);
  const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = routesOf(dependencies);
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  expect(new Set(routes.map(({ operation }) => operation)).size).toBe(routes.length);
  for (const [, name] of JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(body.components.schemas).toHaveProperty(name!);
  }
  expect(body.components.schemas.AddressInput.properties.spec.properties.type.enum).toEqual([
    'queue',
    'topic',
    'anycast',
    'multicast',
  ]);
  expect(body.components.schemas.AddressInput.required).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
});

it('every route is in the reference', async () => {
  const { dependencies } = await createHttpWorld();
  for (const { method, path } of routesOf(dependencies)) {
    expect(PAGE, `${method} ${path}`).toMatch(new RegExp(`\\| ${method}[^|]*\\| \`${path.replace(/[{}]/g, '\\$&')}\``));
  }
});

it('real answers are as described', async () => {
  const { call, controller, messaging, dependencies } = await createHttpWorld();
  for (const name of ['temperature', 'max', 'a']) await controller.put(queue(name));
  await controller.put(maxJob());
  await controller.put(user('ann'));
  await messaging.send('a', { body: Buffer.from('x'), binary: false, subject: 's', properties: { k: 'v' } });
  messaging.connections = [
    {
      id: 'c',
      protocol: 'amqp',
      container: '',
      host: '',
      user: '',
      encrypted: true,
      openedAt: '',
      properties: { p: 'v' },
      links: [{ name: 'l', role: 'sender', address: 'a', credit: 1, unsettled: 0, deliveries: 2 }],
    },
  ];
  const names: Readonly<Record<string, string>> = {
    '/v3/flavor/{name}': 'vanilla-queue',
    '/v1/connections/{name}': 'c',
    '/v1/subscriptions/{name}': 'amqp/c/s',
    '/v1/operations/{name}': (await call('POST', '/v1/addresses/a/messages:redrive', { body: {} })).body.id,
    '/v1/users/{name}': 'ann',
  };
  messaging.subscriptions = [
    {
      name: 'amqp/c/s',
      source: 'a',
      owner: 'amqp',
      container: 'c',
      stored: 1,
      storedBytes: 1,
      receivers: 1,
      links: [{ connection: 'c', link: 's' }],
    },
  ];
  let compared = 0;
  for (const { method, path, answers } of routesOf(dependencies)) {
    const schema = answers[200]?.schema;
    if (method !== 'GET' || schema === undefined) continue;
    const name = names[path] ?? (path.includes('/jobs') ? 'max-temperature' : 'a');
    const { body } = await call('GET', path.replace('{name}', encodeURIComponent(name)).replace('{id}', '1'));
    const described: z.ZodType = ANSWER_SCHEMAS[schema as keyof typeof ANSWER_SCHEMAS];
    expect(described.safeParse(body), `${path} ${JSON.stringify(body)}`).toMatchObject({ success: true });
    compared += 1;
  }
  expect(compared).toBeGreaterThan(12);
});
