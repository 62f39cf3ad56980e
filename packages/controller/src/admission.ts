/**
 * Whether a document that is well formed can be run here: by these planes, with this SQL. What cannot is refused before
 * anything is changed, each fault with its place.
 */
import {
  type DesiredAddress,
  type DesiredDocument,
  type DesiredJob,
  type Problem,
  type ProblemDetail,
  problemOf,
} from '@millrace/contract';
import type { JobPlan } from '@millrace/sql';
import type { MessagingPlane } from './ports/messaging-plane.js';
import type { ProcessingPlane } from './ports/processing-plane.js';
import type { AddressSchemas, SqlCheck, SqlFault } from './sql-check.js';

export interface AdmissionContext {
  readonly messaging: Pick<MessagingPlane, 'capabilities'>;
  readonly processing: Pick<ProcessingPlane, 'capabilities' | 'admit'>;
  readonly checkSql: SqlCheck;
  readonly schemas: AddressSchemas;
}

/** @returns why it is refused, or undefined */
export function refusalOf(document: DesiredDocument, context: AdmissionContext): Problem | undefined {
  if (document.kind === 'Address') return addressRefusal(document, context);
  // What users ask of each other is judged where the others are known.
  if (document.kind === 'User') return undefined;
  const judged = judgeJob(document.spec, context);
  return judged.ok ? undefined : judged.problem;
}

function addressRefusal(document: DesiredAddress, { messaging }: AdmissionContext): Problem | undefined {
  const { name } = document.metadata;
  const { type, limits, expiry, deduplication } = document.spec;
  const { addressTypes, reasons, plane, deduplication: canDeduplicate = false } = messaging.capabilities;
  if (!addressTypes.includes(type)) {
    const reason = reasons[type] ?? `the ${plane} messaging plane has none`;
    const detail = {
      pointer: '/spec/type',
      code: 'not-supported',
      detail: `${type}: ${reason}`,
      allowed: addressTypes,
    };
    return problemOf('not-supported', `Address ${name} cannot be a ${type} here`, [detail]);
  }
  if (deduplication !== undefined && !canDeduplicate) {
    const detail = `the ${plane} messaging plane does not look for duplicates address by address`;
    const place = { pointer: '/spec/deduplication', code: 'not-supported', detail };
    return problemOf('not-supported', `Address ${name} cannot look for duplicates here`, [place]);
  }
  const details: ProblemDetail[] = [];
  if (limits.messageBytes > limits.bytes) {
    const detail = `messageBytes is ${limits.messageBytes}, more than the whole address may hold (bytes is ${limits.bytes})`;
    details.push({ pointer: '/spec/limits/messageBytes', code: 'range', detail });
  }
  if (expiry === name) {
    details.push({
      pointer: '/spec/expiry',
      code: 'loop',
      detail: 'an address cannot be where its own expired messages go',
    });
  }
  return details.length === 0 ? undefined : invalid(`Address ${name}`, details);
}

export type JobJudgement =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly problem: Problem };

/** Also asked again when an address' schema has changed: what was well once may be so no longer. */
export function judgeJob(spec: DesiredJob['spec'], context: AdmissionContext): JobJudgement {
  const { processing, checkSql, schemas } = context;
  const checked = checkSql(spec.sql, schemas);
  if (!checked.ok) {
    const details = checked.faults.map(sqlDetail);
    const first = checked.faults[0];
    const place = first === undefined ? '' : `line ${first.line}, column ${first.column}: ${first.message}`;
    return { ok: false, problem: problemOf('invalid-sql', place, details) };
  }
  const { plane, onErrorSkip } = processing.capabilities;
  const details: ProblemDetail[] = processing.admit(checked.plan).map(({ message, start, end }) => ({
    pointer: '/spec/sql',
    code: 'not-supported',
    detail: message,
    span: { start, end },
  }));
  if (spec.onError === 'skip' && !onErrorSkip) {
    const detail = `the ${plane} processing plane cannot skip rows; right is fail`;
    details.push({ pointer: '/spec/onError', code: 'not-supported', detail, allowed: ['fail'] });
  }
  if (details.length === 0) return { ok: true, plan: checked.plan };
  const summary = `the ${plane} processing plane cannot run this job: ${details[0]!.detail}`;
  return { ok: false, problem: problemOf('not-supported', summary, details) };
}

/** The two addresses of a job. */
export interface JobEnds {
  readonly source: string;
  readonly target: string;
  /** A column `address` says where each row goes: that may be anywhere. */
  readonly routesRows: boolean;
}

/** What a job of this text would read and write; undefined when the text is not valid. */
export function jobEnds(spec: DesiredJob['spec'], context: AdmissionContext): JobEnds | undefined {
  const judged = judgeJob(spec, context);
  if (!judged.ok) return undefined;
  const { source, target, root } = judged.plan;
  return { source: source.address, target, routesRows: root.output.some(({ name }) => name === 'address') };
}

function sqlDetail(fault: SqlFault): ProblemDetail {
  const hint = fault.hint === '' ? '' : `; ${fault.hint}`;
  return {
    pointer: '/spec/sql',
    code: fault.code,
    detail: `line ${fault.line}, column ${fault.column}: ${fault.message}${hint}`,
    span: { start: fault.span.start, end: fault.span.end },
    ...(fault.hint === '' ? {} : { fixes: [fault.hint] }),
  };
}

export function invalid(what: string, details: readonly ProblemDetail[]): Problem {
  const more = details.length > 1 ? `, and ${details.length - 1} more` : '';
  return problemOf('invalid-document', `${what}: ${details[0]?.detail ?? 'not valid'}${more}`, details);
}
