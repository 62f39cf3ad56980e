/** Applies many documents at once, as a whole or not at all, and prunes what the same set applied before. */
import {
  APPLY_SET_LABEL,
  type AppliedDocument,
  type DesiredDocument,
  KINDS,
  type Kind,
  type ProblemDetail,
  ProblemError,
  problemError,
  problemOf,
} from '@millrace/contract';
import type { Controller } from './controller.js';
import { type DocumentKey, keyText } from './document-key.js';
import type { PreparedChange, WriteOptions } from './document-writer.js';
import { etagOf } from './revision.js';
import { shownChanges } from './user-documents.js';

export interface ApplyOptions extends Pick<WriteOptions, 'dryRun' | 'force' | 'allow'> {
  /** Name of the set; undefined: they belong to none, or stay in theirs. */
  readonly set?: string | undefined;
  /** Deletes what the set has no longer. Only with `set`. Default: false. */
  readonly prune?: boolean;
  /** Throws when who applies may not delete this. */
  readonly allowDelete?: (key: DocumentKey) => void;
}

/** Jobs go before the addresses that they read and write. */
const DELETION_ORDER: readonly Kind[] = [...KINDS].sort(
  (left, right) => Number(right === 'Job') - Number(left === 'Job'),
);

/** @throws ProblemError naming each document that is refused; nothing is changed then */
export async function applyDocuments(
  controller: Controller,
  documents: readonly DesiredDocument[],
  options: ApplyOptions,
): Promise<readonly AppliedDocument[]> {
  refuseDuplicates(documents);
  let pruned: readonly DocumentKey[] = [];
  const changes = await controller.replace(() => {
    const put = documents.map((document) => inSet(controller, document, options.set));
    refuseOthers(controller, documents, options.set);
    pruned = options.prune === true ? leftOver(controller, documents, options.set) : [];
    for (const key of pruned) options.allowDelete?.(key);
    return { put, remove: pruned };
  }, options);
  return [...changes.map(applied), ...pruned.map(({ kind, name }) => ({ kind, name, outcome: 'pruned' }) as const)];
}

function applied({ next, before, outcome }: PreparedChange): AppliedDocument {
  const { kind, metadata } = next;
  const changes = outcome === 'changed' ? { changes: shownChanges(before, next) } : {};
  return { kind, name: metadata.name, outcome, ...changes, etag: etagOf(next) };
}

function inSet(controller: Controller, document: DesiredDocument, set: string | undefined): DesiredDocument {
  const { kind, metadata } = document;
  const label = set ?? controller.declared(kind, metadata.name)?.metadata.labels[APPLY_SET_LABEL];
  if (label === undefined || metadata.labels[APPLY_SET_LABEL] === label) return document;
  const labels = { ...metadata.labels, [APPLY_SET_LABEL]: label };
  return { ...document, metadata: { ...metadata, labels } } as DesiredDocument;
}

/** Two sets that both have a document would take it from each other, and prune it in the end. */
function refuseOthers(controller: Controller, documents: readonly DesiredDocument[], set: string | undefined): void {
  if (set === undefined) return;
  const details: ProblemDetail[] = [];
  for (const [index, { kind, metadata }] of documents.entries()) {
    const owner = controller.declared(kind, metadata.name)?.metadata.labels[APPLY_SET_LABEL];
    if (owner === undefined || owner === set) continue;
    const detail = `${kind} ${metadata.name} belongs to the set ${owner}`;
    details.push({ pointer: `/documents/${index}/metadata/name`, code: 'other-set', detail });
  }
  const [first] = details;
  if (first === undefined) return;
  const hint = `take it out of that set first, or remove its label ${APPLY_SET_LABEL}`;
  throw new ProblemError(problemOf('conflict', `${first.detail}: ${hint}`, details.slice(0, 100)));
}

function refuseDuplicates(documents: readonly DesiredDocument[]): void {
  const seen = new Set<string>();
  for (const [index, { kind, metadata }] of documents.entries()) {
    const key = keyText({ kind, name: metadata.name });
    if (seen.has(key)) {
      const detail = `${kind} ${metadata.name} is in it twice`;
      throw problemError('invalid-document', detail, [
        { pointer: `/documents/${index}/metadata/name`, code: 'duplicate', detail },
      ]);
    }
    seen.add(key);
  }
}

function leftOver(
  controller: Controller,
  documents: readonly DesiredDocument[],
  set: string | undefined,
): readonly DocumentKey[] {
  if (set === undefined) throw problemError('invalid-parameter', 'prune needs applySet: whose documents are to go?');
  const kept = new Set(documents.map(({ kind, metadata }) => keyText({ kind, name: metadata.name })));
  return DELETION_ORDER.flatMap((kind) =>
    controller
      .stored(kind)
      .filter(({ metadata }) => metadata.labels[APPLY_SET_LABEL] === set)
      .map(({ metadata }) => ({ kind, name: metadata.name }))
      .filter((key) => !kept.has(keyText(key))),
  );
}
