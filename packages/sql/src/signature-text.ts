import type { FunctionDefinition, ResultRule } from './function-signature.js';
import { typeText } from './types.js';

/** Functions as messages and the documentation show them. */

/** The shape of a call: `lpad(text, length[, pad])`. */
export function signatureText({ name, parameters, repeats = 0, written }: FunctionDefinition): string {
  if (written !== undefined) return written;
  const shown = parameters.map((parameter, index) => {
    const text = `${index > 0 ? ', ' : ''}${parameter.name}`;
    return parameter.fallback === undefined ? text : `[${text}]`;
  });
  return `${name}(${shown.join('')}${repeats > 0 ? ', …' : ''})`;
}

const RULES: Readonly<Record<Exclude<ResultRule['rule'], 'type' | 'argument' | 'arithmetic'>, string>> = {
  common: 'common type',
  'rounded-to-integer': 'BIGINT, or DECIMAL without decimals',
  rounded: 'type of x',
};

/** The type of the result, in words where it depends on the arguments. */
export function resultText({ result, parameters }: FunctionDefinition): string {
  switch (result.rule) {
    case 'type':
      return typeText(result.type);
    case 'argument':
      return `type of ${parameters[result.index]?.name ?? 'the argument'}`;
    case 'arithmetic':
      return 'as the operator';
    default:
      return RULES[result.rule];
  }
}
