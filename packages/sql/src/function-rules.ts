import { AGGREGATE_NAMES } from './aggregate-rules.js';
import { castTo } from './casts.js';
import { castsImplicitly, decimal } from './coercion.js';
import type { ExpressionChecker } from './expression-checker.js';
import { isNullable, typeOf } from './expression-tools.js';
import { checkConstants } from './function-constants.js';
import { rewriteCall } from './function-rewrites.js';
import type { FunctionDefinition, Parameter } from './function-signature.js';
import { findFunction, functionNames } from './functions.js';
import { commonTypeOf, joinTexts, namedArithmetic } from './operator-rules.js';
import type { DataType, Expression, Span } from './plan.js';
import { refusedCall } from './refused-functions.js';
import { signatureText } from './signature-text.js';
import { nearest } from './suggest.js';
import type { Syntax } from './syntax.js';
import { BIGINT, isOrderable, typeText } from './types.js';
import { arrangeWords, calledName } from './word-calls.js';

/** Calls of scalar functions: found in the catalogue, arguments counted, filled in and cast, result type computed. */

type CallSyntax = Extract<Syntax, { kind: 'call' }>;

export function checkFunction(checker: ExpressionChecker, syntax: CallSyntax): Expression | undefined {
  const { context } = checker;
  const name = calledName(syntax);
  if (name === 'window') return checkWindowCall(checker, syntax);
  const definition = findFunction(name);
  if (definition === undefined) return unknown(checker, syntax);
  if (syntax.filter !== undefined) {
    return context.report('UNSUPPORTED', syntax.filter.span, [
      `${name} is no aggregate: FILTER does not fit`,
      'use CASE WHEN … THEN … END',
    ]);
  }
  if (syntax.star) {
    return context.report('ARGUMENT_COUNT', syntax.span, [`${name} does not take *`, `write ${name}(column)`]);
  }
  const given = arrangeWords(context, definition, syntax);
  const args = checker.checkAll(syntax.args);
  if (given === undefined || args === undefined || !countArguments(checker, definition, args, syntax.span))
    return undefined;
  // A rewrite is checked by its own rule, so that it reads as the text that it stands for.
  const ordered = given.flatMap((index) => args[index] ?? []);
  const coerced = coerceArguments(checker, definition, ordered, syntax.span);
  if (coerced === undefined || !checkConstants(context, definition, coerced)) return undefined;
  if (definition.rewritten || definition.name.endsWith('to_timestamp')) {
    const rewritten = rewriteCall(context, definition.name, coerced, syntax.span);
    if (rewritten !== 'as it is') return rewritten;
  }
  return makeCall(checker, definition, coerced, syntax.span);
}

function checkWindowCall(checker: ExpressionChecker, syntax: CallSyntax): Expression | undefined {
  const { sink, place } = checker.scope;
  if (sink !== undefined) return sink.window(syntax);
  const hint = `write GROUP BY window(time, '5 seconds'), and window.start where its start is wanted`;
  return checker.context.report('BAD_WINDOW', syntax.span, [`window() cannot stand in ${place}`, hint]);
}

function unknown(checker: ExpressionChecker, { name }: CallSyntax): undefined {
  const refused = refusedCall(name.text);
  if (refused !== undefined) return checker.context.report(refused.code, name.span, [refused.message, refused.hint]);
  const found = nearest(name.text, [...functionNames(), ...AGGREGATE_NAMES, 'window']);
  const hint = found === undefined ? 'the functions are listed in docs/reference/sql.md' : `did you mean ${found}?`;
  return checker.context.report('UNKNOWN_FUNCTION', name.span, [`there is no function ${name.text}`, hint]);
}

function countArguments(
  checker: ExpressionChecker,
  definition: FunctionDefinition,
  args: readonly Expression[],
  span: Span,
): boolean {
  const { parameters, repeats = 0, minimumRepeats = 1 } = definition;
  const fixed = parameters.length - repeats;
  const least = parameters.filter(({ fallback }) => fallback === undefined).length;
  const rounds = repeats === 0 ? 0 : (args.length - fixed) / repeats;
  const fits =
    repeats === 0 ? args.length >= least && args.length <= fixed : Number.isInteger(rounds) && rounds >= minimumRepeats;
  if (fits) return true;
  const message = `${definition.name} does not take ${args.length} argument${args.length === 1 ? '' : 's'}`;
  checker.context.report('ARGUMENT_COUNT', span, [message, `write ${signatureText(definition)}`]);
  return false;
}

/** The parameter that an argument stands for. */
function parameterAt({ parameters, repeats = 0 }: FunctionDefinition, index: number): Parameter | undefined {
  const fixed = parameters.length - repeats;
  return index < fixed || repeats === 0 ? parameters[index] : parameters[fixed + ((index - fixed) % repeats)];
}

function coerceArguments(
  checker: ExpressionChecker,
  definition: FunctionDefinition,
  given: readonly Expression[],
  span: Span,
): readonly Expression[] | undefined {
  const missing = definition.repeats === undefined ? definition.parameters.slice(given.length) : [];
  const filled = missing.flatMap(({ fallback }) =>
    fallback === undefined ? [] : [{ kind: 'literal', ...fallback, span } as const],
  );
  const args = [...given, ...filled];
  const group = commonGroup(checker, definition, args, span);
  if (group === 'failed') return undefined;
  const coerced = args.map((argument, index) => {
    const parameter = parameterAt(definition, index);
    return parameter && coerce(checker, definition, parameter, { argument, group });
  });
  return coerced.every((argument) => argument !== undefined) ? coerced : undefined;
}

/** The common type of the arguments that share one. */
function commonGroup(
  checker: ExpressionChecker,
  definition: FunctionDefinition,
  args: readonly Expression[],
  span: Span,
): DataType | undefined | 'failed' {
  const shares = (index: number): boolean =>
    ['common', 'comparable'].includes(String(parameterAt(definition, index)?.accepts));
  const members = args.filter((_, index) => shares(index));
  if (members.length === 0) return undefined;
  const comparable = definition.parameters.some(({ accepts }) => accepts === 'comparable');
  const options = { what: `the arguments of ${definition.name}`, span, text: comparable ? 'keep' : 'promote' } as const;
  const type = commonTypeOf(checker.context, members, options);
  if (type === undefined) return 'failed';
  if (!comparable || isOrderable(type)) return type;
  checker.context.report('TYPE_MISMATCH', span, [
    `values of ${typeText(type)} cannot be compared`,
    'take one value of it',
  ]);
  return 'failed';
}

interface CoerceInput {
  readonly argument: Expression;
  readonly group: DataType | undefined;
}

function coerce(
  checker: ExpressionChecker,
  definition: FunctionDefinition,
  { name, accepts, exact }: Parameter,
  { argument, group }: CoerceInput,
): Expression | undefined {
  if (accepts === 'any' || accepts === 'joined') return argument;
  if (accepts === 'common' || accepts === 'comparable') return group && castTo(argument, group);
  const type = typeOf(argument);
  if (accepts.includes(type.name)) return argument;
  if (type.name === 'INT' && accepts.includes('BIGINT') && (exact || !accepts.includes('DOUBLE')))
    return castTo(argument, BIGINT);
  const target = exact
    ? undefined
    : accepts.find((candidate) => candidate !== 'DECIMAL' && castsImplicitly(type, candidate));
  if (target !== undefined && target !== 'DECIMAL') return castTo(argument, { name: target });
  const wanted = accepts.join(' or ').replace('DOUBLE or INT or BIGINT or FLOAT or DECIMAL', 'a number');
  return checker.context.report('TYPE_MISMATCH', argument.span, [
    `${definition.name} needs ${wanted} as ${name}, this is ${typeText(type)}`,
    argumentHint(type, accepts[0] ?? 'STRING', checker.context.text(argument.span)),
  ]);
}

function argumentHint(type: DataType, wanted: DataType['name'], text: string): string {
  if (type.name === 'MAP') return `take one value: ${text}['key']`;
  if (type.name === 'WINDOW') return 'take one end: window.start or window.end';
  if (wanted === 'MAP') return 'properties is a MAP; map(key, value, …) makes one';
  if (wanted === 'BOOLEAN') return 'compare it: value <> 0';
  const short = text.length <= 40 ? text : 'x';
  return wanted === 'BINARY' ? `write CAST(CAST(${short} AS STRING) AS BINARY)` : `write CAST(${short} AS ${wanted})`;
}

function makeCall(
  checker: ExpressionChecker,
  definition: FunctionDefinition,
  args: readonly Expression[],
  span: Span,
): Expression | undefined {
  const { name, result, nulls } = definition;
  if (name === 'concat') return joinTexts(checker.context, args, span);
  const [first, second] = args;
  if (result.rule === 'arithmetic' && first !== undefined && second !== undefined) {
    return namedArithmetic(
      checker.context,
      { operator: result.operator, as: definition.rewritten ? result.operator : name },
      [first, second],
      span,
    );
  }
  const type = resultType(definition, args);
  const nullable =
    nulls === 'sometimes' ||
    (nulls === 'when-any-argument-is' && args.some(isNullable)) ||
    (nulls === 'when-all-arguments-are' && args.every(isNullable));
  return { kind: 'call', name, args, type, nullable, span };
}

function resultType({ result, parameters }: FunctionDefinition, args: readonly Expression[]): DataType {
  const typeAt = (index: number): DataType => {
    const argument = args[index];
    if (argument === undefined) throw new Error('a signature names an argument that it has not');
    return typeOf(argument);
  };
  switch (result.rule) {
    case 'type':
      return result.type;
    case 'argument':
      return typeAt(result.index);
    case 'common':
      return typeAt(
        Math.max(
          0,
          parameters.findIndex(({ accepts }) => accepts === 'common' || accepts === 'comparable'),
        ),
      );
    case 'rounded-to-integer': {
      const type = typeAt(0);
      return type.name === 'DECIMAL' ? decimal(Math.min(38, type.precision - type.scale + 1), 0) : BIGINT;
    }
    case 'rounded':
      return roundedType(typeAt(0), args[1]);
    case 'arithmetic':
      throw new Error('arithmetic has its own rule');
  }
}

function roundedType(type: DataType, scaleArgument: Expression | undefined): DataType {
  if (type.name !== 'DECIMAL') return type;
  const wanted = scaleArgument?.kind === 'literal' ? Number(scaleArgument.value) : 0;
  const whole = type.precision - type.scale + 1;
  if (wanted < 0) return decimal(Math.min(38, Math.max(whole, 1 - wanted)), 0);
  const scale = Math.min(type.scale, wanted);
  return decimal(Math.min(38, whole + scale), scale);
}
