/** Today's API for documents: the same for each kind. */
import {
  addressDocument,
  checkDocument,
  type Document,
  jobDocument,
  type Kind,
  ProblemError,
  problemError,
  problemOf,
  userDocument,
} from '@millrace/contract';
import type { WriteOptions, WriteResult } from '@millrace/controller';
import { documentListing } from './document-listing.js';
import { type DocumentPermissionContext, demandDocument, demandEnds, guardedName } from './document-permission.js';
import { listed, listingParameters } from './listing.js';
import { demand } from './permission.js';
import { readJson } from './request-body.js';
import {
  type Call,
  flag,
  type HeaderParameter,
  invalidParameter,
  json,
  type QueryParameter,
  type Route,
} from './route.js';

const COLLECTIONS = { Address: '/v1/addresses', Job: '/v1/jobs', User: '/v1/users' } as const satisfies Record<
  Kind,
  string
>;
const SCHEMAS = { Address: addressDocument, Job: jobDocument, User: userDocument } as const;
const PLURALS = { Address: 'Addresses', Job: 'Jobs', User: 'Users' } as const satisfies Record<Kind, string>;
const IF_MATCH: HeaderParameter = { name: 'If-Match', summary: 'only if it is still this version: an ETag, or *' };
const IF_NONE_MATCH: HeaderParameter = { name: 'If-None-Match', summary: '*: only if there is none yet' };
const MERGE_PATCH = 'application/merge-patch+json';

const LABELS: QueryParameter = {
  name: 'labels',
  type: 'string',
  summary: 'key=value; several: all must be there',
  repeated: true,
};
const DRY_RUN: QueryParameter = {
  name: 'dryRun',
  type: 'boolean',
  summary: 'checks everything, changes nothing; the answer has what would change',
};
const FORCE: QueryParameter = {
  name: 'force',
  type: 'boolean',
  summary: 'also when stored messages are deleted by it',
};

export function documentRoutes(context: DocumentPermissionContext, kind: Kind): readonly Route[] {
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
      query: [...listingParameters(documentListing(context.controller, kind)), LABELS],
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
      headers: [IF_MATCH, IF_NONE_MATCH],
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
      headers: [IF_MATCH],
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
      headers: [IF_MATCH],
      summary: 'Deletes; If-Match guards it',
      query: [DRY_RUN, FORCE],
      answers: { 204: { summary: 'deleted' } },
      handle: (call) => remove(context, kind, call),
    },
  ];
}

function list({ controller, authorizer }: DocumentPermissionContext, kind: Kind, { query, principal }: Call): Response {
  if (kind === 'User') demand(authorizer, principal, 'manage', '#');
  const wanted = query.getAll('labels').map(readSelector);
  const items = controller.stored(kind).filter(({ metadata: { name, labels } }) => {
    if (!wanted.every(([key, value]) => labels[key] === value)) return false;
    return kind === 'User' || authorizer.authorize(principal, 'view', guardedName(kind, name));
  });
  const show = ({ metadata }: (typeof items)[number]) => controller.get(kind, metadata.name);
  return json(listed(query, documentListing(controller, kind), { items, show }));
}

function readSelector(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalidParameter('labels', text, 'key=value');
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function get(context: DocumentPermissionContext, kind: Kind, { name, principal }: Call): Response {
  const { controller } = context;
  demandDocument(context, principal, { kind, name, verb: 'view' });
  const document = controller.require(kind, name);
  return json(document, 200, { etag: controller.etag(document) });
}

async function put(context: DocumentPermissionContext, kind: Kind, call: Call): Promise<Response> {
  demandDocument(context, call.principal, { kind, name: call.name });
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
  return written(kind, result, call);
}

async function patch(context: DocumentPermissionContext, kind: Kind, call: Call): Promise<Response> {
  demandDocument(context, call.principal, { kind, name: call.name });
  const body = await readJson(call.request, [MERGE_PATCH, 'application/json']);
  const result = await context.controller.patch(kind, call.name, body, writeOptions(context, call));
  return written(kind, result, call);
}

async function remove(context: DocumentPermissionContext, kind: Kind, call: Call): Promise<Response> {
  demandDocument(context, call.principal, { kind, name: call.name });
  await context.controller.delete(kind, call.name, writeOptions(context, call));
  return new Response(null, { status: 204 });
}

function written(kind: Kind, { document, outcome, etag, changes }: WriteResult, { query }: Call): Response {
  const dryRun = flag(query, 'dryRun');
  const status = outcome === 'created' && !dryRun ? 201 : 200;
  const location = `${COLLECTIONS[kind]}/${encodeURIComponent(document.metadata.name)}`;
  const created = status === 201 ? { location } : {};
  const answer: Document & { changes?: typeof changes } = dryRun ? { ...document, changes } : document;
  return json(answer, status, { etag, 'millrace-outcome': outcome, ...created });
}

function writeOptions(context: DocumentPermissionContext, { request, query, principal }: Call): WriteOptions {
  return {
    dryRun: flag(query, 'dryRun'),
    force: flag(query, 'force'),
    ifMatch: request.headers.get('if-match') ?? undefined,
    ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
    allow: (document, ends) => demandEnds(context, principal, { document, ends }),
  };
}

function mismatch(pointer: string, detail: string): ProblemError {
  return problemError('invalid-document', detail, [{ pointer, code: 'name', detail }]);
}
