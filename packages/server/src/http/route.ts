/**
 * A route as data: what registers it, checks its parameters and describes it in OpenAPI are one table. A path may have one
 * `{name}` and one `{id}`; they are taken from the path as it was sent, since `%2F` in a name is not a separator.
 */
import { closest, type ProblemDetail, ProblemError, problemError, problemOf } from '@millrace/contract';
import type { Principal } from '@millrace/security';
import type { z } from 'zod';

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface QueryParameter {
  readonly name: string;
  readonly summary: string;
  readonly type: 'boolean' | 'integer' | 'string';
  /** May be given several times. Default: false. */
  readonly repeated?: boolean;
  readonly required?: boolean;
  /** For the description: what the route allows. */
  readonly range?: { readonly least: number; readonly most: number };
  readonly allowed?: readonly string[];
  readonly pattern?: string;
}

export interface HeaderParameter {
  readonly name: string;
  readonly summary: string;
}

export interface RouteAnswer {
  readonly summary: string;
  /** Name of a schema in the OpenAPI document's components. */
  readonly schema?: string;
  /** Default: application/json. */
  readonly mediaType?: string;
}

export interface Route {
  readonly method: Method;
  /** As in OpenAPI: `/v1/addresses/{name}/messages`. */
  readonly path: string;
  /** What `{name}` matches, as a regular expression. Default: one segment of the path. */
  readonly namePattern?: string;
  readonly operation: string;
  readonly summary: string;
  readonly query?: readonly QueryParameter[];
  /** For the description. */
  readonly headers?: readonly HeaderParameter[];
  /** Takes Idempotency-Key: the same request again gets the same answer, and nothing is done twice. Default: false. */
  readonly idempotent?: boolean;
  /** By media type; undefined: not JSON. */
  readonly body?: Readonly<Record<string, z.ZodType | undefined>>;
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** For everybody, also where users must log in: it tells nothing and changes nothing. */
  readonly open?: true;
  readonly handle: (call: Call) => Response | Promise<Response>;
}

/** One request to a route. */
export interface Call {
  readonly request: Request;
  readonly principal: Principal;
  /** '' on routes without a name. */
  readonly name: string;
  /** '' on routes without an id. */
  readonly id: string;
  readonly query: URLSearchParams;
}

/** The router's form of the path. What follows a name in its segment (`:pause`) is part of what the name matches. */
export function routerPath({ path, namePattern }: Pick<Route, 'path' | 'namePattern'>): string {
  const [prefix, suffix] = path.split('{name}');
  if (prefix === undefined || suffix === undefined) return path.replace('{id}', ':id{[^/]+}');
  const pattern = namePattern ?? '[^/]+';
  const end = suffix.replace('{id}', ':id{[^/]+}');
  return suffix.startsWith(':') ? `${prefix}:name{${pattern}${end}}` : `${prefix}:name{${pattern}}${end}`;
}

/** @throws ProblemError */
export function callOf(route: Route, request: Request, principal: Principal): Call {
  const url = new URL(request.url);
  checkQuery(route.query ?? [], url.searchParams);
  const { name, id } = namesIn(route.path, url.pathname);
  return { request, principal, name, id, query: url.searchParams };
}

function namesIn(path: string, pathname: string): { readonly name: string; readonly id: string } {
  const [prefix, suffix] = path.split('{name}');
  if (prefix === undefined) return { name: '', id: '' };
  if (suffix === undefined) {
    const [before] = path.split('{id}');
    return { name: '', id: path.includes('{id}') ? decoded(pathname.slice(before!.length)) : '' };
  }
  const [middle = '', end] = suffix.split('{id}');
  if (end === undefined)
    return { name: decoded(pathname.slice(prefix.length, pathname.length - suffix.length)), id: '' };
  const at = pathname.lastIndexOf(middle);
  return { name: decoded(pathname.slice(prefix.length, at)), id: decoded(pathname.slice(at + middle.length)) };
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw problemError('malformed-name', `${raw} is not percent-encoded UTF-8`);
  }
}

/** A parameter that is not known is refused: `?dryrun=true` must not become the real thing. */
function checkQuery(known: readonly QueryParameter[], query: URLSearchParams): void {
  const names = known.map(({ name }) => name);
  const details: ProblemDetail[] = [];
  for (const name of new Set(query.keys())) {
    if (names.includes(name)) continue;
    const meant = closest(name, names);
    const hint =
      meant !== undefined
        ? `did you mean ${meant}?`
        : names.length === 0
          ? 'there is none here'
          : `known are ${names.join(', ')}`;
    details.push({
      pointer: '',
      code: 'unknown-parameter',
      detail: `the parameter ${JSON.stringify(name)} is not known; ${hint}`,
      allowed: names,
    });
  }
  for (const { name, repeated } of known) {
    if (repeated === true || query.getAll(name).length < 2) continue;
    const detail = `the parameter ${name} is given twice`;
    details.push({ pointer: '', code: 'parameter', detail });
  }
  const first = details[0];
  if (first !== undefined) throw new ProblemError(problemOf('invalid-parameter', first.detail, details));
}

/** `?force` and `?force=true`. @throws ProblemError */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  throw invalidParameter(name, value, 'true or false', ['true', 'false']);
}

export interface IntegerRange {
  readonly least: number;
  readonly most: number;
  /** When the parameter is not there. */
  readonly otherwise: number;
}

/** @throws ProblemError */
export function integer(query: URLSearchParams, name: string, range: IntegerRange): number {
  const value = query.get(name);
  if (value === null) return range.otherwise;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= range.least && number <= range.most) return number;
  throw invalidParameter(name, value, `a whole number from ${range.least} to ${range.most}`);
}

export function invalidParameter(
  name: string,
  value: string,
  right: string,
  allowed?: readonly string[],
): ProblemError {
  const text = `the parameter ${name} is ${JSON.stringify(value)}; right is ${right}`;
  const detail: ProblemDetail = { pointer: '', code: 'parameter', detail: text };
  return problemError('invalid-parameter', text, [allowed === undefined ? detail : { ...detail, allowed }]);
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}
