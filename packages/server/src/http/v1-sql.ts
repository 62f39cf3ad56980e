/** SQL as it is written: what is wrong with it, what may stand there, what it would give. Nothing of it is kept. */
import {
  ProblemError,
  problemError,
  problemOf,
  type SqlDiagnostic,
  sqlCheckInput,
  sqlCompleteInput,
  sqlPreviewInput,
} from '@millrace/contract';
import { type Controller, PlaneRefusal, SqlService, type Timers } from '@millrace/controller';
import type { Authorizer, Principal } from '@millrace/security';
import { EVENT_STREAM, eventResponse } from './events/event-response.js';
import { demand } from './permission.js';
import { PreviewStream } from './preview-stream.js';
import { checkedBody, readJson } from './request-body.js';
import { type Call, json, type Route } from './route.js';

const PREVIEWS_MAX = 20;
/** Messages that one preview looks at. */
const MESSAGES_MAX = 1_000_000;

export function sqlRoutes(controller: Controller, authorizer: Authorizer, timers: Timers): readonly Route[] {
  const service = new SqlService(controller);
  const canView = (principal: Principal) => (address: string) => authorizer.authorize(principal, 'view', address);
  return [
    {
      method: 'POST',
      path: '/v1/sql:check',
      operation: 'checkSql',
      summary: 'What is wrong with a text and what would be right, the shape of its result, its plan',
      body: { 'application/json': sqlCheckInput },
      answers: { 200: { summary: 'the analysis, also of a text that is wrong', schema: 'SqlAnalysis' } },
      handle: async ({ request, principal }) => {
        const { sql } = checkedBody(sqlCheckInput, await readJson(request));
        return json(await service.check(sql, canView(principal)));
      },
    },
    {
      method: 'POST',
      path: '/v1/sql:complete',
      operation: 'completeSql',
      summary: 'What may stand at a place of a text',
      body: { 'application/json': sqlCompleteInput },
      answers: { 200: { summary: 'the words, the best first', schema: 'SqlCompletions' } },
      handle: async ({ request, principal }) => {
        const { sql, offset } = checkedBody(sqlCompleteInput, await readJson(request));
        return json(await service.complete(sql, offset, canView(principal)));
      },
    },
    previewRoute({ controller, authorizer, service, timers, open: new Set() }),
  ];
}

interface PreviewContext {
  readonly controller: Controller;
  readonly authorizer: Authorizer;
  readonly service: SqlService;
  readonly timers: Timers;
  readonly open: Set<PreviewStream>;
}

function previewRoute(context: PreviewContext): Route {
  return {
    method: 'POST',
    path: '/v1/sql:preview',
    operation: 'previewSql',
    summary: 'The rows that a text gives of real messages, as server-sent events; nothing is consumed, nothing sent',
    body: { 'application/json': sqlPreviewInput },
    answers: { 200: { summary: 'events', mediaType: EVENT_STREAM } },
    handle: (call) => startPreview(context, call),
  };
}

async function startPreview(context: PreviewContext, { request, principal }: Call): Promise<Response> {
  const { controller, authorizer, service, timers, open } = context;
  const { sql, from, onError, rows, seconds } = checkedBody(sqlPreviewInput, await readJson(request));
  const plan = await service.query(sql, (address) => authorizer.authorize(principal, 'view', address));
  if (!('source' in plan)) throw invalidSql(plan);
  demand(authorizer, principal, 'recv', plan.source.address);
  const { processing } = controller;
  if (processing.preview === undefined) {
    throw problemError('not-supported', `the ${processing.capabilities.plane} processing plane has no previews`);
  }
  if (open.size >= PREVIEWS_MAX) throw problemError('too-many-streams', `${PREVIEWS_MAX} previews are open: end one`);
  const stream = new PreviewStream({ timers, rowsMax: rows, seconds, closed: () => open.delete(stream) });
  try {
    const preview = processing.preview(plan, { from, onError, messagesMax: MESSAGES_MAX }, stream);
    const columns = plan.root.output.map(({ name }) => name);
    stream.begin(preview, { source: plan.source.address, columns });
  } catch (error) {
    throw refusalOf(error);
  }
  open.add(stream);
  return eventResponse({ next: () => stream.next(), end: () => stream.end() });
}

function invalidSql(diagnostics: readonly SqlDiagnostic[]): ProblemError {
  const details = diagnostics.map(({ code, message, span, fixes }) => ({
    pointer: '/sql',
    code,
    detail: message,
    span,
    fixes: fixes.map(({ title }) => title),
  }));
  const [first] = diagnostics;
  const detail =
    first === undefined ? 'it cannot be read' : `line ${first.line}, column ${first.column}: ${first.message}`;
  return new ProblemError(problemOf('invalid-sql', detail, details));
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof PlaneRefusal)) return error;
  const slug =
    error.reason === 'NotFound' ? 'not-found' : error.reason === 'Unsupported' ? 'not-supported' : 'conflict';
  return problemError(slug, error.message);
}
