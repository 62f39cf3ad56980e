/** `/`: a plain page that says what runs and where, until the console comes. No script, no style, nothing from elsewhere. */

import type { HttpDependencies } from './dependencies.js';
import { demand } from './permission.js';
import type { Route } from './route.js';
import { statusOf } from './v1-system.js';

export function homeRoute(dependencies: HttpDependencies): Route {
  return {
    method: 'GET',
    path: '/',
    operation: 'home',
    summary: 'A page that says what runs and where',
    answers: { 200: { summary: 'the page', mediaType: 'text/html' } },
    handle: ({ principal }) => {
      demand(dependencies.authorizer, principal, 'view', '#');
      return new Response(pageFor(dependencies), {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        },
      });
    },
  };
}

function pageFor(dependencies: HttpDependencies): string {
  const status = statusOf(dependencies);
  const listeners = status.endpoints.map(({ name, protocol, host, port, tls }) => {
    const scheme = tls ? `${protocol}s` : protocol;
    return `<li>${escapeHtml(name)}: <code>${escapeHtml(`${scheme}://${host}:${port}`)}</code></li>`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Millrace</title></head>
<body>
<main>
<h1>Millrace ${escapeHtml(status.version)}</h1>
<p>${status.ready ? 'Ready' : 'Starting'}, since ${escapeHtml(status.startedAt)}.
Messaging: ${escapeHtml(status.planes.messaging)}. Processing: ${escapeHtml(status.planes.processing)}.</p>
<h2>Where it listens</h2>
<ul>
${listeners.join('\n')}
</ul>
<h2>What it holds</h2>
<ul>
<li><a href="/v1/addresses">Addresses</a>: ${status.addresses.total}, of which ready: ${status.addresses.ready}</li>
<li><a href="/v1/jobs">Jobs</a>: ${status.jobs.total}, of which running: ${status.jobs.running}</li>
<li><a href="/v1/connections">Connections</a>: ${status.connections}</li>
</ul>
<p><a href="/v1/status">Status</a> · <a href="/openapi.json">OpenAPI</a> · <a href="/v3/address">EnMasse’s v3 addresses</a></p>
</main>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
