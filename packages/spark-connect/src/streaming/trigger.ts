/**
 * When a streaming query looks for new rows.
 *
 * - `processingTime`: as often as this, `'500 milliseconds'`; as soon as the last batch is done if that took longer.
 * - `availableNow`: what is there now, in batches as the source limits them; then the query ends.
 * - `once`: what is there now in one batch; then the query ends.
 * - `continuous`: no batches; the interval is how often a checkpoint is made.
 * - `realTime`: rows as they come, in batches of this length (Spark 4.1).
 */
export type Trigger =
  | { readonly processingTime: string }
  | { readonly availableNow: true }
  | { readonly once: true }
  | { readonly continuous: string }
  | { readonly realTime: string };

export type OutputMode = 'append' | 'complete' | 'update';

/** The trigger as the message names it. */
export function wireTrigger(trigger: Trigger | undefined) {
  if (trigger === undefined) return { case: undefined };
  if ('processingTime' in trigger) return { case: 'processingTimeInterval' as const, value: trigger.processingTime };
  if ('availableNow' in trigger) return { case: 'availableNow' as const, value: true };
  if ('once' in trigger) return { case: 'once' as const, value: true };
  if ('continuous' in trigger) return { case: 'continuousCheckpointInterval' as const, value: trigger.continuous };
  return { case: 'realTimeBatchDuration' as const, value: trigger.realTime };
}
