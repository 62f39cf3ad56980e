/** Outcomes that came from consumers of direct addresses: told to the senders at the end of the turn, in order. */
import type { Outcome, RefusalReason } from './outcome.js';
import type { Sender } from './ports.js';

export interface Answer {
  readonly sender: Sender;
  readonly tag: number;
  readonly outcome: Outcome;
  readonly reason: RefusalReason | undefined;
}

export class Answers {
  private waiting: Answer[] = [];

  add(answer: Answer): void {
    this.waiting.push(answer);
  }

  tell(): void {
    if (this.waiting.length === 0) return;
    const answers = this.waiting;
    this.waiting = [];
    for (const { sender, tag, outcome, reason } of answers) sender.settled(tag, outcome, reason);
  }
}
