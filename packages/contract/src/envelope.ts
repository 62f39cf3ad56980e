/** What all documents have around their spec: kind, metadata, and the status that the server adds. */
import { z } from 'zod';
import { type AddressSpec, API_VERSION, addressSpec, type Condition, type JobSpec, jobSpec } from './documents.js';
import { ADDRESS_NAME_SCHEMA, addressNameFault, JOB_NAME_SCHEMA, jobNameFault } from './names.js';
import { type UserSpec, userNameFault, userSpec } from './users.js';

export type Kind = 'Address' | 'Job' | 'User';
export const KINDS: readonly Kind[] = ['Address', 'Job', 'User'];

const LABELS_MAX = 64;

function nameSchema(fault: (name: string) => string | undefined) {
  const described = fault === addressNameFault ? ADDRESS_NAME_SCHEMA : JOB_NAME_SCHEMA;
  return z
    .string()
    .meta(described)
    .superRefine((name, context) => {
      const message = fault(name);
      if (message !== undefined) context.addIssue({ code: 'custom', message, input: name, params: { code: 'name' } });
    });
}

/** No `=` and no `,`: a selector is `key=value`. */
const labelKey = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,252}$/, 'a label key: letters, digits, ".", "_", "/" and "-", at most 253');

const labels = z
  .record(labelKey, z.string().max(1024))
  .refine((record) => Object.keys(record).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`);

/** The read-only fields may be sent (a document that was read can be sent back); they are not looked at. */
function metadataSchema(fault: (name: string) => string | undefined) {
  return z.strictObject({
    name: nameSchema(fault),
    labels: labels.default({}),
    uid: z.string().optional(),
    generation: z.number().optional(),
    createdAt: z.string().optional(),
  });
}

export const addressDocument = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Address'),
  metadata: metadataSchema(addressNameFault),
  spec: addressSpec,
  status: z.unknown().optional(),
});

export const jobDocument = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Job'),
  metadata: metadataSchema(jobNameFault),
  spec: jobSpec,
  status: z.unknown().optional(),
});

export const userDocument = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('User'),
  metadata: metadataSchema(userNameFault),
  spec: userSpec,
  status: z.unknown().optional(),
});

export const DOCUMENT_SCHEMAS = { Address: addressDocument, Job: jobDocument, User: userDocument } as const;

export type Labels = Readonly<Record<string, string>>;

/** A document as someone wishes it: checked, defaults filled in, read-only fields taken away. */
interface Desired<K extends Kind, S> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: K;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly spec: S;
}
export type DesiredAddress = Desired<'Address', AddressSpec>;
export type DesiredJob = Desired<'Job', JobSpec>;
export type DesiredUser = Desired<'User', UserSpec>;
export type DesiredDocument = DesiredAddress | DesiredJob | DesiredUser;

export interface Metadata {
  readonly name: string;
  readonly labels: Labels;
  /** A new one each time a document of this name is created. */
  readonly uid: string;
  /** Starts at 1 and rises with each change of spec or labels. */
  readonly generation: number;
  /** ISO time. */
  readonly createdAt: string;
}

export type AddressPhase = 'Pending' | 'Ready' | 'Failed';
export type JobPhase = 'Pending' | 'Running' | 'Paused' | 'Failed';
export type UserPhase = 'Ready' | 'Disabled';

export interface AddressStatus {
  readonly phase: AddressPhase;
  /** The generation that the planes have; less than `metadata.generation` while a change is on its way. */
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** `stored…`, `senders` and `receivers` are now; the others count since the server's start. */
  readonly statistics?: AddressStatistics;
}

export interface AddressStatistics {
  readonly stored: number;
  readonly storedBytes: number;
  readonly senders: number;
  readonly receivers: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly expired: number;
  readonly deadLettered: number;
  /** Answered as accepted and not stored, since their id was in the address' window. */
  readonly duplicates: number;
}

export interface JobStatus {
  readonly phase: JobPhase;
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly source?: string;
  readonly target?: string;
  readonly warnings: readonly string[];
  readonly statistics?: JobStatistics;
}

/** `rows…` count since the job was deployed in this process; the others are now. */
export interface JobStatistics {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsLate: number;
  readonly rowsFailed: number;
  readonly backlog: number;
  readonly watermark?: string;
  readonly openWindows: number;
  readonly stateRows: number;
}

export interface UserStatus {
  readonly phase: UserPhase;
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  /** Of a user with a password: how it is kept. */
  readonly credentials?: { readonly mechanism: 'SCRAM-SHA-256'; readonly iterations: number };
}

export interface AddressDocument extends Omit<DesiredAddress, 'metadata'> {
  readonly metadata: Metadata;
  readonly status: AddressStatus;
}
export interface JobDocument extends Omit<DesiredJob, 'metadata'> {
  readonly metadata: Metadata;
  readonly status: JobStatus;
}
export interface UserDocument extends Omit<DesiredUser, 'metadata'> {
  readonly metadata: Metadata;
  readonly status: UserStatus;
}
export type Document = AddressDocument | JobDocument | UserDocument;

/** What is sent: defaults may be left out. */
export type AddressInput = z.input<typeof addressDocument>;
export type JobInput = z.input<typeof jobDocument>;
export type UserInput = z.input<typeof userDocument>;
export type DocumentInput = AddressInput | JobInput | UserInput;

/** Which way of talking to the server made a document. */
export const OWNER_LABEL = 'millrace.dev/owner';
