export { type ErrorCondition, JobError } from './errors.js';
export { IMPLEMENTED_FUNCTIONS } from './expression/compile.js';
export { compileJob, Job, type JobOptions, type JobRestore } from './job.js';
export type { Counters } from './operator/operator.js';
export type { OutputRow } from './output.js';
export type { InputBatch } from './source.js';
export type { StateChange } from './state/records.js';
export type { StateSizes } from './state/state-keeper.js';
export { StateError } from './state-bytes.js';
