/**
 * Who may call at all, before anything is looked at. A page from elsewhere in a browser on this machine reaches
 * loopback too: by DNS rebinding (its host name then points here: Host is checked) or by plain cross-site requests
 * (Origin and Sec-Fetch-Site are checked).
 */
import type { HttpDependencies } from './dependencies.js';
import { refuse } from './problems.js';

/** Asked by machines that know the server by its bare IP address; they tell nothing and change nothing. */
const PROBES = new Set(['/healthz', '/readyz']);

export function createGuard(options: Pick<HttpDependencies, 'allowedHosts' | 'allowedOrigins'>) {
  const hosts = new Set((options.allowedHosts ?? []).map((host) => hostNameOf(bracketed(host))));
  const origins = new Set(options.allowedOrigins ?? []);
  /** @returns the refusal, or undefined */
  return (request: Request): Response | undefined => {
    const url = new URL(request.url);
    if (PROBES.has(url.pathname)) return undefined;
    const host = request.headers.get('host') ?? url.host;
    const name = hostNameOf(host);
    if (name === undefined || !(isLoopback(name) || hosts.has(name))) {
      return refuse(
        'foreign-host',
        `this server does not answer to the host name ${shown(host)}; name it among the allowed hosts`,
      );
    }
    const origin = request.headers.get('origin');
    if (origin !== null) {
      if (isSameOrigin(origin, host) || origins.has(origin)) return undefined;
      return refuse('foreign-origin', `pages of ${shown(origin)} may not call this server`);
    }
    const site = request.headers.get('sec-fetch-site');
    if (site === null || site === 'same-origin' || site === 'none' || isNavigation(request)) return undefined;
    return refuse('foreign-origin', 'pages of other sites may not call this server');
  };
}

/** An IPv6 address as a configuration has it, in the form that Host has. */
function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Without port, in lower case, IP addresses in their usual form; undefined when it is no host. */
function hostNameOf(host: string): string | undefined {
  if (/[/?#@\\\s]/.test(host)) return undefined;
  try {
    return new URL(`http://${host}`).hostname.replace(/\.$/, '');
  } catch {
    return undefined;
  }
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** TLS may end before this process, so the scheme is not compared. */
function isSameOrigin(origin: string, host: string): boolean {
  try {
    return new URL(origin).host.toLowerCase() === host.toLowerCase();
  } catch {
    return false;
  }
}

/** A link that was followed: the page that has it learns nothing, and GET changes nothing. */
function isNavigation(request: Request): boolean {
  const { headers, method } = request;
  return (
    method === 'GET' && headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document'
  );
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
