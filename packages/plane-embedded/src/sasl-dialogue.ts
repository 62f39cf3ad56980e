/** One client's way through a SASL mechanism, step by step, on whatever protocol carries it. Bounded in steps. */
import type { Principal, SaslExchange } from '@millrace/security';

/** SCRAM has two; whoever needs more than this plays for time. */
const STEPS_MAX = 10;

/** For a connection whose principal is not valid any more. */
export const NOT_VALID_ANY_MORE = 'the user has been changed or removed, or its token has expired';

export type SaslAnswer =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'done'; readonly principal: Principal; readonly data: Uint8Array | undefined }
  /** `temporary`: through no fault of the client's. */
  | { readonly kind: 'failed'; readonly temporary: boolean };

export class SaslDialogue {
  private readonly exchange: SaslExchange;
  private steps = 0;

  constructor(exchange: SaslExchange) {
    this.exchange = exchange;
  }

  step(response: Uint8Array, answer: (answer: SaslAnswer) => void): void {
    this.steps++;
    if (this.steps > STEPS_MAX) {
      answer({ kind: 'failed', temporary: false });
      return;
    }
    // The bytes are the reader's: who decides later needs its own.
    this.exchange.step(Uint8Array.from(response)).then(
      (step) => answer(step.kind === 'failed' ? { kind: 'failed', temporary: step.busy === true } : step),
      () => answer({ kind: 'failed', temporary: true }),
    );
  }
}
