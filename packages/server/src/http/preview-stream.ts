/**
 * The events of one preview. Rows wait for the client up to a bound, then the preview does: it reads no more messages than
 * somebody looks at. It ends with its rows, its time, its client, or itself.
 */
import type { Preview, PreviewEvents, Timers } from '@millrace/controller';

export interface PreviewStreamOptions {
  readonly timers: Timers;
  readonly rowsMax: number;
  readonly seconds: number;
  readonly closed: () => void;
}

type Row = Readonly<Record<string, unknown>>;
type EndReason = Parameters<PreviewEvents['ended']>[0] | 'rows' | 'time';

const PROGRESS_MS = 1_000;
/** Rows that wait for the client before the preview does. */
const WAITING_MAX = 100;

export class PreviewStream implements PreviewEvents {
  readonly #options: PreviewStreamOptions;
  #preview: Preview | undefined;
  #pieces: string[] = [];
  #rowsWaiting = 0;
  #rowsTold = 0;
  #wake: (() => void) | undefined;
  #state: 'running' | 'ending' | 'ended' = 'running';
  #cancelTimers: (() => void)[] = [];

  constructor(options: PreviewStreamOptions) {
    this.#options = options;
  }

  /** @param started what the first event says */
  begin(preview: Preview, started: { readonly source: string; readonly columns: readonly string[] }): void {
    this.#preview = preview;
    this.#pieces.unshift(event('started', started));
    const { timers, seconds } = this.#options;
    this.#cancelTimers.push(timers.after(seconds * 1000, () => this.#finish('time', `${seconds} s are over`)));
    this.#tick();
  }

  readonly rows = (rows: readonly Row[]): void => {
    if (this.#state !== 'running') return;
    const left = this.#options.rowsMax - this.#rowsTold;
    const shown = rows.slice(0, left);
    this.#rowsTold += shown.length;
    this.#rowsWaiting += shown.length;
    this.#tell(event('rows', { rows: shown }));
    if (this.#rowsTold >= this.#options.rowsMax) this.#finish('rows', `${this.#rowsTold} rows were asked for`);
    else if (this.#rowsWaiting >= WAITING_MAX) this.#preview?.pause();
  };

  readonly ended = (reason: EndReason, message: string): void => this.#finish(reason, message);

  async next(): Promise<string | undefined> {
    for (;;) {
      if (this.#pieces.length > 0) {
        const piece = this.#pieces.join('');
        this.#pieces = [];
        if (this.#rowsWaiting >= WAITING_MAX && this.#state === 'running') this.#preview?.resume();
        this.#rowsWaiting = 0;
        return piece;
      }
      if (this.#state !== 'running') return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The client is gone. */
  end(): void {
    this.#stop();
    this.#state = 'ended';
    this.#pieces = [];
    this.#wake?.();
  }

  #finish(reason: EndReason, message: string): void {
    if (this.#state !== 'running') return;
    const progress = this.#preview?.progress();
    this.#stop();
    this.#state = 'ending';
    this.#tell(event('end', { ...progress, reason, message }));
  }

  #stop(): void {
    for (const cancel of this.#cancelTimers.splice(0)) cancel();
    this.#preview?.stop();
    if (this.#state === 'running') this.#options.closed();
  }

  #tick(): void {
    this.#cancelTimers[1]?.();
    this.#cancelTimers[1] = this.#options.timers.after(PROGRESS_MS, () => {
      // One that nobody has read yet is old: the next one says more.
      const progress = this.#preview?.progress();
      if (progress !== undefined && this.#pieces.length === 0) this.#tell(event('progress', progress));
      this.#tick();
    });
  }

  #tell(piece: string): void {
    this.#pieces.push(piece);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
