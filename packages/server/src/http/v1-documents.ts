/** Today's API for documents: the same for each kind. */
import {
  addressDocument,
  checkDocument,
  type DesiredDocument,
  type Document,
  jobDocument,
  type Kind,
  ProblemError,
  problemError,
  problemOf,
  userDocument,
} from '@millrace/contract';
import type { Controller, WriteOptions, WriteResult } from '@millrace/controller';
import type { Authorizer, Principal, Verb } from '@millrace/security';
import { PAGING_PARAMETERS, pageOf } from './paging.js';
import { demand, demandUsers, jobAddress } from './permission.js';
import { readJson } from './request-body.js';
import { type Call, flag, invalidParameter, json, type QueryParameter, type Route } from './route.js';

export interface DocumentRoutesContext {
  readonly controller: Controller;
  readonly authorizer: Authorizer;
}

const COLLECTIONS = { Address: '/v1/addresses', Job: '/v1/jobs', User: '/v1/users' } as const satisfies Record<
  Kind,
  string
>;
const SCHEMAS = { Address: addressDocument, Job: jobDocument, User: userDocument } as const;
const PLURALS = { Address: 'Addresses', Job: 'Jobs', User: 'Users' } as const satisfies Record<Kind, string>;
const DEAD_LETTERS = 'dead-letters';
const MERGE_PATCH = 'application/merge-patch+json';

const LABELS: QueryParameter = { name: 'labels', type: 'string', summary: 'key=value; several: all must be there' };
const DRY_RUN: QueryParameter = { name: 'dryRun', type: 'boolean', summary: 'checks everything, changes nothing' };
const FORCE: QueryParameter = {
  name: 'force',
  type: 'boolean',
  summary: 'also when stored messages are deleted by it',
};

export function documentRoutes(context: DocumentRoutesContext, kind: Kind): readonly Route[] {
  const path = COLLECTIONS[kind];
  // A colon begins an action, such as `:pause`; no name of a job or user has one.
  const one = { path: `${path}/{name}`, namePattern: kind === 'Address' ? '[^/]+' : '[^/:]+' } as const;
  const plural = PLURALS[kind];
  const shown = { 200: { summary: `the ${kind}`, schema: kind } };
  return [
    {
      method: 'GET',
      path,
      operation: `list${plural}`,
      summary: `${plural} in order of their names`,
      query: [...PAGING_PARAMETERS, LABELS],
      answers: { 200: { summary: 'a page', schema: `${kind}Page` } },
      handle: (call) => list(context, kind, call),
    },
    {
      method: 'GET',
      ...one,
      operation: `get${kind}`,
      summary: `One ${kind}`,
      answers: shown,
      handle: (call) => get(context, kind, call),
    },
    {
      method: 'PUT',
      ...one,
      operation: `put${kind}`,
      summary: 'Creates or replaces; If-Match and If-None-Match: * guard it',
      query: [DRY_RUN, FORCE],
      body: { 'application/json': SCHEMAS[kind] },
      answers: { ...shown, 201: { summary: 'created', schema: kind } },
      handle: (call) => put(context, kind, call),
    },
    {
      method: 'PATCH',
      ...one,
      operation: `patch${kind}`,
      summary: 'JSON merge patch (RFC 7396); If-Match guards it',
      query: [DRY_RUN, FORCE],
      body: { [MERGE_PATCH]: undefined, 'application/json': undefined },
      answers: shown,
      handle: (call) => patch(context, kind, call),
    },
    {
      method: 'DELETE',
      ...one,
      operation: `delete${kind}`,
      summary: 'Deletes; If-Match guards it',
      query: [DRY_RUN, FORCE],
      answers: { 204: { summary: 'deleted' } },
      handle: (call) => remove(context, kind, call),
    },
  ];
}

function list({ controller, authorizer }: DocumentRoutesContext, kind: Kind, { query, principal }: Call): Response {
  if (kind === 'User') demand(authorizer, principal, 'manage', '#');
  const wanted = query.getAll('labels').map(readSelector);
  const names = controller
    .stored(kind)
    .filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels[key] === value))
    .map(({ metadata }) => metadata.name)
    .filter((name) => kind === 'User' || authorizer.authorize(principal, 'view', guardedName(kind, name)));
  return json(pageOf(query, names, (name) => controller.get(kind, name)));
}

function readSelector(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalidParameter('labels', text, 'key=value');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function get({ controller, authorizer }: DocumentRoutesContext, kind: Kind, { name, principal }: Call): Response {
  demandDocument(authorizer, principal, 'view', { kind, name });
  const document = controller.require(kind, name);
  return json(document, 200, { etag: controller.etag(document) });
}

async function put(context: DocumentRoutesContext, kind: Kind, call: Call): Promise<Response> {
  demandDocument(context.authorizer, call.principal, 'manage', { kind, name: call.name });
  const checked = checkDocument(await readJson(call.request));
  if (!checked.ok) {
    const first = checked.details[0]!;
    throw new ProblemError(problemOf('invalid-document', `${first.pointer} ${first.detail}`.trim(), checked.details));
  }
  const desired = checked.value;
  if (desired.kind !== kind) throw mismatch('/kind', `the path is for ${kind}; the body is of kind ${desired.kind}`);
  if (desired.metadata.name !== call.name) {
    throw mismatch('/metadata/name', `the path names ${call.name}; the body names ${desired.metadata.name}`);
  }
  const result = await context.controller.put(desired, writeOptions(context, call));
  const status = result.outcome === 'created' && !flag(call.query, 'dryRun') ? 201 : 200;
  return written(kind, result, status);
}

async function patch(context: DocumentRoutesContext, kind: Kind, call: Call): Promise<Response> {
  demandDocument(context.authorizer, call.principal, 'manage', { kind, name: call.name });
  const body = await readJson(call.request, [MERGE_PATCH, 'application/json']);
  const result = await context.controller.patch(kind, call.name, body, writeOptions(context, call));
  return written(kind, result, 200);
}

async function remove(context: DocumentRoutesContext, kind: Kind, call: Call): Promise<Response> {
  demandDocument(context.authorizer, call.principal, 'manage', { kind, name: call.name });
  await context.controller.delete(kind, call.name, writeOptions(context, call));
  return new Response(null, { status: 204 });
}

function written(kind: Kind, { document, outcome, etag }: WriteResult, status: number): Response {
  const location = `${COLLECTIONS[kind]}/${encodeURIComponent(document.metadata.name)}`;
  const created = status === 201 ? { location } : {};
  return json(document satisfies Document, status, { etag, 'millrace-outcome': outcome, ...created });
}

function writeOptions(context: DocumentRoutesContext, { request, query, principal }: Call): WriteOptions {
  return {
    dryRun: flag(query, 'dryRun'),
    force: flag(query, 'force'),
    ifMatch: request.headers.get('if-match') ?? undefined,
    ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
    allow: (document) => demandEnds(context, principal, document),
  };
}

/**
 * A document acts for who wrote it: a job may read and write no more than they may, and what an address gives away when it
 * is too old or too often refused may go only where they could send it themselves. The address `dead-letters` is for all.
 */
function demandEnds(context: DocumentRoutesContext, principal: Principal, document: DesiredDocument): void {
  if (document.kind === 'Address') {
    const { deadLetter, expiry } = document.spec;
    for (const address of [deadLetter, expiry]) {
      if (address !== undefined && address !== DEAD_LETTERS) demand(context.authorizer, principal, 'send', address);
    }
  }
  if (document.kind !== 'Job') return;
  const ends = context.controller.addressesOf(document.spec);
  if (ends === undefined) return;
  demand(context.authorizer, principal, 'recv', ends.source);
  demand(context.authorizer, principal, 'send', ends.routesRows ? '#' : ends.target);
}

function demandDocument(
  authorizer: Authorizer,
  principal: Principal,
  verb: Verb,
  { kind, name }: { readonly kind: Kind; readonly name: string },
): void {
  if (kind === 'User') demandUsers(authorizer, principal, verb, name);
  else demand(authorizer, principal, verb, guardedName(kind, name));
}

function guardedName(kind: Kind, name: string): string {
  return kind === 'Job' ? jobAddress(name) : name;
}

function mismatch(pointer: string, detail: string): ProblemError {
  return problemError('invalid-document', detail, [{ pointer, code: 'name', detail }]);
}
