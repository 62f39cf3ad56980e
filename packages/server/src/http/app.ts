/** All of HTTP as one hono app: guard, body limit, routes, and problems for everything else. */

import type { IncomingMessage } from 'node:http';
import { problemOf } from '@millrace/contract';
import { AddressMessages, SYSTEM_TIMERS, V3Addresses } from '@millrace/controller';
import { ANONYMOUS, type Principal } from '@millrace/security';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { auditRequest } from './audit.js';
import { type Peer, peerOf } from './authentication.js';
import type { HttpDependencies } from './dependencies.js';
import { EventHub } from './events/event-hub.js';
import { createGuard } from './guard.js';
import { homeRoute } from './home-page.js';
import { Idempotency } from './idempotency.js';
import { answerToError, problemResponse, refuse } from './problems.js';
import { callOf, json, type Route, routerPath } from './route.js';
import { applyRoute } from './v1-apply.js';
import { backupRoute } from './v1-backup.js';
import { connectionRoutes } from './v1-connections.js';
import { documentRoutes } from './v1-documents.js';
import { eventRoute } from './v1-events.js';
import { jobRoutes } from './v1-jobs.js';
import { messageRoutes } from './v1-messages.js';
import { operationRoutes } from './v1-operations.js';
import { sqlRoutes } from './v1-sql.js';
import { subscriptionRoutes } from './v1-subscriptions.js';
import { statusOf, systemRoutes } from './v1-system.js';
import { v3Routes } from './v3-routes.js';

/** How long an address may take to answer. */
const PLANE_TIMEOUT_MS = 10_000;
const BODY_LIMIT_BYTES = 16 * 1024 ** 2;

export function createHttpApp(dependencies: HttpDependencies): Hono {
  const app = new Hono();
  const guard = createGuard(dependencies);
  const limitBytes = dependencies.bodyLimitBytes ?? BODY_LIMIT_BYTES;
  const onError = () => refuse('body-too-large', `the body is longer than ${limitBytes} bytes`);
  app.onError((error, context) => answerToError(error, dependencies.onError, context.req.raw));
  app.use(async (context, next) => {
    const refusal = guard(context.req.raw);
    if (refusal !== undefined) context.res = refusal;
    else await next();
    context.res.headers.set('x-content-type-options', 'nosniff');
    context.res.headers.set('x-frame-options', 'DENY');
    context.res.headers.set('cache-control', 'no-store');
  });
  app.use(bodyLimit({ maxSize: limitBytes, onError }));
  register(app, routesOf(dependencies), dependencies);
  app.notFound((context) => {
    const path = new URL(context.req.url).pathname;
    return refuse('no-such-path', `there is nothing at ${path.slice(0, 200)}; /openapi.json lists all paths`);
  });
  return app;
}

/** In the order of matching: an action (`:pause`) before the name that it would else be part of. */
export function routesOf(dependencies: HttpDependencies): readonly Route[] {
  const { controller, authorizer, version } = dependencies;
  const timers = dependencies.timers ?? SYSTEM_TIMERS;
  const messages = new AddressMessages(controller, { timers, timeoutMs: PLANE_TIMEOUT_MS });
  const hub = new EventHub({
    controller,
    authorizer,
    timers,
    operations: messages.operations,
    status: () => statusOf(dependencies),
    onError: dependencies.onError ?? (() => {}),
  });
  dependencies.stopping?.addEventListener('abort', () => hub.close(), { once: true });
  const routes: Route[] = [
    ...v3Routes(new V3Addresses(controller, authorizer)),
    ...jobRoutes(controller, authorizer),
    ...messageRoutes(messages, authorizer),
    ...operationRoutes(messages.operations, authorizer),
    applyRoute(controller, authorizer),
    ...documentRoutes({ controller, authorizer }, 'Address'),
    ...documentRoutes({ controller, authorizer }, 'Job'),
    ...documentRoutes({ controller, authorizer }, 'User'),
    ...subscriptionRoutes(dependencies),
    ...connectionRoutes(dependencies),
    ...sqlRoutes(controller, authorizer, timers),
    eventRoute(hub),
    ...systemRoutes(dependencies),
    backupRoute(dependencies),
    homeRoute(dependencies),
  ];
  routes.push({
    method: 'GET',
    path: '/openapi.json',
    operation: 'getOpenApi',
    summary: 'This contract',
    answers: { 200: { summary: 'OpenAPI 3.1' } },
    handle: async () => json((await import('./openapi.js')).openApiOf(routes, version)),
  });
  return routes;
}

interface Asked {
  readonly request: Request;
  readonly peer: Peer;
  readonly idempotency: Idempotency;
}

async function answer(route: Route, asked: Asked, dependencies: HttpDependencies): Promise<Response> {
  const { request, peer, idempotency } = asked;
  const { authenticate, audit, onError } = dependencies;
  const handle = (principal: Principal) => {
    const once = (own: Request) => route.handle(callOf(route, own, principal));
    return route.idempotent === true ? idempotency.once(request, principal, once) : once(request);
  };
  if (route.open === true || authenticate === undefined) return handle(ANONYMOUS);
  const principal = await authenticate(request, peer);
  const { method } = request;
  const path = new URL(request.url).pathname;
  let response: Response;
  try {
    response = await handle(principal);
  } catch (error) {
    response = answerToError(error, onError, request);
  }
  auditRequest(audit, { method, path, principal, peer }, response.status);
  return response;
}

function register(app: Hono, routes: readonly Route[], dependencies: HttpDependencies): void {
  const methods = new Map<string, string[]>();
  const idempotency = new Idempotency();
  for (const route of routes) {
    const path = routerPath(route);
    const known = methods.get(path) ?? [];
    known.push(route.method);
    methods.set(path, known);
    app.on(route.method, path, (context) => {
      // The adapter gives the message of the socket; a request without one came from within.
      const { incoming } = (context.env ?? {}) as { readonly incoming?: IncomingMessage };
      return answer(route, { request: context.req.raw, peer: peerOf(incoming), idempotency }, dependencies);
    });
  }
  for (const [path, known] of methods) {
    // HEAD is answered by GET.
    const allow = known.includes('GET') ? [...known, 'HEAD'].join(', ') : known.join(', ');
    app.all(path, (context) => {
      if (context.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } });
      return problemResponse(
        problemOf('method-not-allowed', `${context.req.method} is not for this path; it takes ${allow}`),
        { allow },
      );
    });
  }
}
