/** The conditions of one document: each keeps the time at which its status last turned. */
import type { Condition } from '@millrace/contract';

export interface ConditionFinding {
  readonly type: string;
  readonly status: Condition['status'];
  /** CamelCase, for programs. */
  readonly reason: string;
  /** For people; may be empty. */
  readonly message: string;
}

export class ConditionSet {
  #conditions: readonly Condition[] = [];
  #told = '';

  get list(): readonly Condition[] {
    return this.#conditions;
  }

  /** Takes the findings of now as the whole set. */
  update(findings: readonly ConditionFinding[], nowMs: number): void {
    this.#conditions = findings.map((finding) => {
      const before = this.#conditions.find(({ type }) => type === finding.type);
      const since = before?.status === finding.status ? before.lastTransitionTime : new Date(nowMs).toISOString();
      return { ...finding, lastTransitionTime: since };
    });
  }

  /** Whether a status or reason differs from when this was last asked: whoever reads in between hides no change. */
  takeChange(): boolean {
    const now = this.#conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`).join('\n');
    const changed = now !== this.#told;
    this.#told = now;
    return changed;
  }
}
