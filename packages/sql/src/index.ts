export { AGGREGATE_NAMES } from './aggregate-rules.js';
export { type Checked, checkJob, checkQuery } from './check.js';
export { type Completion, type CompletionCatalogue, type Completions, completeSql } from './complete.js';
export type { Catalogue, CatalogueColumn, CatalogueSchema, CheckOptions } from './context.js';
export {
  DIAGNOSTIC_CODES,
  type Diagnostic,
  type DiagnosticCode,
  formatDiagnostic,
  SqlError,
} from './diagnostic.js';
export { explain, explainExpression } from './explain.js';
export type {
  FunctionCategory,
  FunctionDefinition,
  NullRule,
  Parameter,
  ResultRule,
  TypeName,
} from './function-signature.js';
export { FUNCTIONS, findFunction, functionNames } from './functions.js';
export { LIMITS } from './limits.js';
export { OPERATORS, type OperatorName } from './operators.js';
export type * from './plan.js';
export { MESSAGE_COLUMNS, MESSAGE_FIELDS } from './row-schema.js';
export { resultText, signatureText } from './signature-text.js';
export {
  aggregationOf,
  needsHeartbeats,
  type SparkStatement,
  type SparkStatementOptions,
  sparkStatement,
} from './spark-statement.js';
export { KEYWORDS } from './tokens.js';
export { parseDataType, typeofText, typeText } from './types.js';
