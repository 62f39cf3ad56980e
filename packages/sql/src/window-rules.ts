import type { CheckContext } from './context.js';
import { type CheckerScope, ExpressionChecker } from './expression-checker.js';
import { expressionKey, typeOf } from './expression-tools.js';
import { parseDuration, suggestDuration } from './interval.js';
import { LIMITS } from './limits.js';
import { sameName } from './names.js';
import type { PlanNode, WatermarkSpec, WindowSpec } from './plan.js';
import { TIME_COLUMN } from './row-schema.js';
import { overSource } from './substitution.js';
import type { IntervalSyntax, Syntax } from './syntax.js';
import { typeText } from './types.js';

/** `window(time, '5 seconds'[, '1 second'])` and the watermark that closes it. */

type CallSyntax = Extract<Syntax, { kind: 'call' }>;

const SHAPE = `window(time, '5 seconds') or window(time, '1 minute', '10 seconds')`;

export function isWindowCall(syntax: Syntax): syntax is CallSyntax {
  return syntax.kind === 'call' && syntax.name.text.toLowerCase() === 'window';
}

export function checkWindow(context: CheckContext, scope: CheckerScope, syntax: CallSyntax): WindowSpec | undefined {
  const [timeSyntax, sizeSyntax, slideSyntax, startSyntax] = syntax.args;
  if (timeSyntax === undefined || sizeSyntax === undefined || syntax.star || syntax.filter !== undefined) {
    return context.report('BAD_WINDOW', syntax.span, ['a window has a time and a length', SHAPE]);
  }
  if (startSyntax !== undefined) {
    return context.report('BAD_WINDOW', startSyntax.span, [
      'a start offset is not supported: windows start at multiples of the slide since 1970-01-01',
      SHAPE,
    ]);
  }
  const time = new ExpressionChecker(context, { layers: scope.layers, place: 'window()' }).check(timeSyntax);
  const sizeUs = checkDuration(context, sizeSyntax);
  const slideUs = slideSyntax === undefined ? sizeUs : checkDuration(context, slideSyntax);
  if (time === undefined || sizeUs === undefined || slideUs === undefined) return undefined;
  if (typeOf(time).name !== 'TIMESTAMP') {
    const hint =
      'window(time, …); a text becomes a time by WATERMARK to_timestamp(text) AS ts DELAY OF INTERVAL 5 SECONDS';
    return context.report('BAD_WINDOW', time.span, [
      `a window is over a TIMESTAMP, this is ${typeText(typeOf(time))}`,
      hint,
    ]);
  }
  if (slideUs > sizeUs) {
    return context.report('BAD_WINDOW', (slideSyntax ?? sizeSyntax).span, [
      'the slide is longer than the window: rows between would be lost',
      SHAPE,
    ]);
  }
  if (sizeUs / slideUs > LIMITS.windowOverlapMax) {
    return context.report('TOO_LARGE', (slideSyntax ?? sizeSyntax).span, [
      `each row would be in more than ${LIMITS.windowOverlapMax} windows`,
      'take a longer slide',
    ]);
  }
  return { time, sizeUs, slideUs };
}

function checkDuration(context: CheckContext, syntax: Syntax): number | undefined {
  if (syntax.kind === 'interval') {
    const meant = suggestDuration(syntax.interval.parts.map(({ amount, unit }) => `${amount} ${unit.text}`).join(' '));
    return context.report('BAD_WINDOW', syntax.span, [
      'the durations of window() are strings: Spark refuses INTERVAL here',
      `write '${meant?.toLowerCase() ?? '5 seconds'}'`,
    ]);
  }
  if (syntax.kind !== 'literal' || typeof syntax.value !== 'string') {
    return context.report('BAD_WINDOW', syntax.span, ['the durations of window() are strings', SHAPE]);
  }
  const duration = parseDuration(syntax.value);
  if (duration === undefined) {
    const meant = suggestDuration(syntax.value);
    const months = /month|year/i.test(syntax.value);
    const hint =
      meant === undefined
        ? 'units: weeks, days, hours, minutes, seconds, milliseconds, microseconds'
        : `write '${meant}'`;
    return context.report('BAD_WINDOW', syntax.span, [
      `'${syntax.value.slice(0, 40)}' is no duration`,
      months ? 'months differ in length: write days' : hint,
    ]);
  }
  return duration > 0
    ? duration
    : context.report('BAD_WINDOW', syntax.span, ['a duration of a window is longer than nothing', SHAPE]);
}

/** The delay of a watermark in microseconds. */
export function checkDelay(context: CheckContext, { parts, span }: IntervalSyntax): number | undefined {
  const hint = 'WATERMARK ts DELAY OF INTERVAL 5 SECONDS';
  const text = parts.map(({ amount, unit }) => `${amount} ${unit.text}`).join(' ');
  if (parts.some(({ unit }) => unit.text === '')) {
    const meant = suggestDuration(text)?.toUpperCase();
    const right = meant === undefined ? hint : `write INTERVAL ${meant}`;
    return context.report('BAD_WATERMARK', span, ['an INTERVAL has its unit outside the quotes', right]);
  }
  const delay = parseDuration(text);
  if (delay === undefined || delay < 0) {
    const message =
      delay === undefined ? `INTERVAL ${text.slice(0, 40)} is no duration of fixed length` : 'a delay is not negative';
    return context.report('BAD_WATERMARK', span, [message, hint]);
  }
  return delay;
}

export interface WindowInput {
  readonly node: PlanNode;
  readonly source: Extract<PlanNode, { kind: 'source' }>;
  readonly watermark: WatermarkSpec | undefined;
}

/**
 * A window closes by the watermark, so it must be over the column that has one: `time`, what WATERMARK names, or what the
 * address' schema names as its event time.
 *
 * @returns the watermark by which it closes; undefined: the one over `time`, or it is wrong
 */
export function checkWindowTime(
  context: CheckContext,
  window: WindowSpec,
  { node, source, watermark }: WindowInput,
): WatermarkSpec | undefined {
  const time = overSource(context, window.time, node);
  const { span } = window.time;
  if (time === undefined) {
    context.report('UNSUPPORTED', span, [
      'a job has one aggregation',
      'aggregate again in a second job that reads the results of the first',
    ]);
    return undefined;
  }
  if (watermark !== undefined) {
    if (expressionKey(time) === expressionKey(watermark.time)) return watermark;
    return context.report('NO_WATERMARK', span, [
      `the watermark is over ${watermark.column}, the window is not`,
      `write window(${watermark.column}, …)`,
    ]);
  }
  const name = time.kind === 'column' ? source.output[time.index]?.name : undefined;
  if (name === TIME_COLUMN) return undefined;
  const eventTime = context.schemaOf(source.address)?.eventTime;
  if (name !== undefined && eventTime !== undefined && sameName(name, eventTime.column)) {
    return { origin: 'schema', column: name, delayUs: eventTime.delayUs, time };
  }
  const shown = context.text(span);
  const column = time.kind === 'column' ? shown : `${shown} AS ts`;
  return context.report('NO_WATERMARK', span, [
    'a window over another column than time needs a WATERMARK: how late its rows may come',
    `write FROM STREAM \`${source.address}\` WATERMARK ${column} DELAY OF INTERVAL 10 SECONDS${time.kind === 'column' ? '' : ' and window(ts, …)'}`,
  ]);
}
