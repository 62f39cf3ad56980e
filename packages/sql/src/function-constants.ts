import type { CheckContext } from './context.js';
import { type ConstantProblem, checkBits, checkFormat, checkJsonPath, truncationUnit, UNIT_NAMES } from './formats.js';
import type { FunctionDefinition } from './function-signature.js';
import type { Expression } from './plan.js';
import { didYouMean } from './suggest.js';

/** Arguments that must be constants, because they are compiled once: patterns, formats, paths, units. */

export function checkConstants(
  context: CheckContext,
  definition: FunctionDefinition,
  args: readonly Expression[],
): boolean {
  let fine = true;
  definition.parameters.forEach((parameter, index) => {
    const argument = args[index];
    if (parameter.constant === undefined || argument === undefined) return;
    if (argument.kind !== 'literal' || argument.value === null) {
      const message = `${definition.name} needs a constant as ${parameter.name}`;
      context.report('NOT_CONSTANT', argument.span, [message, 'write the value itself, not an expression']);
      fine = false;
      return;
    }
    const problem = problemOf(definition.name, parameter.name, argument.value);
    if (problem === undefined) return;
    context.report('BAD_LITERAL', argument.span, problem);
    fine = false;
  });
  return fine;
}

function problemOf(name: string, parameter: string, value: unknown): ConstantProblem | undefined {
  switch (parameter) {
    case 'format':
      // The fallback of to_timestamp is an empty format: a cast.
      return value === '' ? undefined : checkFormat(String(value));
    case 'path':
      return checkJsonPath(String(value));
    case 'unit':
      if (truncationUnit(String(value)) !== undefined) return undefined;
      return [
        `${String(value)} is no unit of date_trunc`,
        didYouMean(String(value), UNIT_NAMES, `units: ${UNIT_NAMES.join(', ')}`),
      ];
    case 'bits':
      return checkBits(Number(value));
    case 'group':
      return Number(value) >= 0 ? undefined : ['a group has a number from 0', '0 is the whole match'];
    case 'scale':
      return Math.abs(Number(value)) <= 38 ? undefined : [`${name} takes a scale from -38 to 38`, ''];
    default:
      return undefined;
  }
}
