/** Many documents in one request, JSON or YAML: as a whole or not at all. */
import {
  APPLY_DOCUMENTS_MAX,
  APPLY_SET,
  type ApplyAnswer,
  applyInput,
  checkDocument,
  type DesiredDocument,
  type ProblemDetail,
  ProblemError,
  parseDocuments,
  problemError,
  problemOf,
} from '@millrace/contract';
import { applyDocuments, type Controller } from '@millrace/controller';
import type { Authorizer } from '@millrace/security';
import { demandDocument, demandEnds } from './document-permission.js';
import { readJson, readText, requireMediaType } from './request-body.js';
import { type Call, flag, invalidParameter, json, type Route } from './route.js';

const JSON_TYPE = 'application/json';
const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];
const DETAILS_MAX = 100;

export function applyRoute(controller: Controller, authorizer: Authorizer): Route {
  const context = { controller, authorizer };
  return {
    method: 'POST',
    path: '/v1/documents:apply',
    operation: 'applyDocuments',
    summary: 'Creates or replaces many, all or none, and prunes what the same set applied before',
    query: [
      { name: 'applySet', type: 'string', summary: 'name of the set that they belong to', pattern: APPLY_SET.source },
      { name: 'prune', type: 'boolean', summary: 'deletes what the set applied before and has no longer' },
      { name: 'dryRun', type: 'boolean', summary: 'checks everything, changes nothing, says what would change' },
      { name: 'force', type: 'boolean', summary: 'also when stored messages are deleted by it' },
    ],
    body: { [JSON_TYPE]: applyInput, [YAML_TYPES[0]!]: undefined },
    answers: { 200: { summary: 'what became of each', schema: 'ApplyAnswer' } },
    handle: async ({ request, query, principal }: Call) => {
      const documents = await readDocuments(request);
      for (const { kind, metadata } of documents) demandDocument(context, principal, { kind, name: metadata.name });
      const dryRun = flag(query, 'dryRun');
      const results = await applyDocuments(controller, documents, {
        set: setOf(query),
        prune: flag(query, 'prune'),
        dryRun,
        force: flag(query, 'force'),
        allow: (document, ends) => demandEnds(context, principal, { document, ends }),
        allowDelete: (key) => demandDocument(context, principal, key),
      });
      return json({ dryRun, results } satisfies ApplyAnswer);
    },
  };
}

function setOf(query: URLSearchParams): string | undefined {
  const set = query.get('applySet');
  if (set === null || APPLY_SET.test(set)) return set ?? undefined;
  throw invalidParameter('applySet', set, 'letters, digits, ".", "_", "/" and "-", at most 253');
}

async function readDocuments(request: Request): Promise<readonly DesiredDocument[]> {
  const mediaType = requireMediaType(request, [JSON_TYPE, ...YAML_TYPES]);
  return mediaType === JSON_TYPE ? fromJson(await readJson(request)) : fromYaml(await readText(request));
}

function fromJson(body: unknown): readonly DesiredDocument[] {
  const documents = documentsIn(body);
  if (documents.length > APPLY_DOCUMENTS_MAX) {
    throw refused([{ pointer: '/documents', code: 'range', detail: `more than ${APPLY_DOCUMENTS_MAX} documents` }]);
  }
  const details: ProblemDetail[] = [];
  const checked: DesiredDocument[] = [];
  for (const [index, document] of documents.entries()) {
    const one = checkDocument(document);
    if (one.ok) checked.push(one.value);
    else for (const detail of one.details) details.push({ ...detail, pointer: `/documents/${index}${detail.pointer}` });
    if (details.length >= DETAILS_MAX) break;
  }
  if (details.length > 0) throw refused(details);
  return checked;
}

function documentsIn(body: unknown): readonly unknown[] {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const documents = isObject ? (body as Record<string, unknown>).documents : undefined;
  const unknown = isObject ? Object.keys(body).find((key) => key !== 'documents') : undefined;
  if (unknown !== undefined) {
    throw refused([
      { pointer: `/${unknown}`, code: 'unknown-key', detail: `${unknown} is not known here; known is documents` },
    ]);
  }
  if (Array.isArray(documents)) return documents;
  throw refused([
    { pointer: '/documents', code: 'required', detail: 'documents is missing: a list of documents is needed' },
  ]);
}

async function fromYaml(text: string): Promise<readonly DesiredDocument[]> {
  const { documents, faults } = await parseDocuments(text);
  if (faults.length === 0) return documents.map(({ document }) => document);
  throw refused(
    faults.slice(0, DETAILS_MAX).map(({ index, line, column, pointer, ...detail }) => ({
      ...detail,
      pointer: `/documents/${index}${pointer}`,
      detail: `line ${line}, column ${column}: ${detail.detail}`,
    })),
  );
}

function refused(details: readonly ProblemDetail[]): ProblemError {
  const [first] = details;
  if (first === undefined) return problemError('invalid-document', 'the documents are not valid');
  const more = details.length > 1 ? `, and ${details.length - 1} more` : '';
  return new ProblemError(problemOf('invalid-document', `${first.pointer} ${first.detail}${more}`, details));
}
