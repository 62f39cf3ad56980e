export { type ErrorCondition, JobError } from './errors.js';
export { IMPLEMENTED_FUNCTIONS } from './expression/compile.js';
export { compileJob, Job, type JobOptions } from './job.js';
export type { Counters } from './operator/operator.js';
export type { OutputRow } from './output.js';
export type { InputBatch } from './source.js';
export { StateError } from './state-bytes.js';
