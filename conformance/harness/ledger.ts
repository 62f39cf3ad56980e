/** What was sent against what came: the one way in which these suites say "nothing lost, nothing doubled, in order". */
export interface Differences {
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
  readonly inOrder: boolean;
}

export function differences(sent: readonly string[], received: readonly string[]): Differences {
  const counts = new Map<string, number>();
  for (const value of sent) counts.set(value, (counts.get(value) ?? 0) + 1);
  const surplus: string[] = [];
  for (const value of received) {
    const count = counts.get(value) ?? 0;
    if (count === 0) surplus.push(value);
    else counts.set(value, count - 1);
  }
  const missing = [...counts].flatMap(([value, count]) => Array<string>(count).fill(value));
  return {
    missing,
    surplus,
    inOrder: sent.length === received.length && sent.every((value, at) => value === received[at]),
  };
}

export const nothingDiffers: Differences = { missing: [], surplus: [], inOrder: true };

/** `prefix-0`, `prefix-1`, … */
export function bodies(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
}
