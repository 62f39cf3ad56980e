export type {
  FunctionCategory,
  FunctionDefinition,
  NullRule,
  Parameter,
  ResultRule,
  TypeName,
} from './function-signature.js';
export { FUNCTIONS, findFunction, functionNames } from './functions.js';
export { OPERATORS, type OperatorName } from './operators.js';
export type * from './plan.js';
