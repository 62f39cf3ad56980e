/**
 * Idempotency-Key: a request that is sent again with the same key gets the answer of the first, and is not done again. The key
 * belongs to who sends it and to the path. What failed for a reason that may pass is not remembered. In memory, for an hour and
 * up to a number of keys: an address with `deduplication` remembers message ids for longer, and over a restart.
 */
import { createHash } from 'node:crypto';
import { ProblemError, problemError } from '@millrace/contract';
import type { Principal } from '@millrace/security';

const KEYS_MAX = 10_000;
const KEPT_MS = 3_600_000;
const KEY_LENGTH_MAX = 255;

interface Kept {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

interface Entry {
  readonly fingerprint: string;
  readonly atMs: number;
  readonly answer: Promise<Kept>;
}

export class Idempotency {
  /** In the order of their coming. */
  readonly #entries = new Map<string, Entry>();

  /** @throws ProblemError what `handle` throws; `idempotency-mismatch` for another request under a key that was used */
  async once(
    request: Request,
    principal: Principal,
    handle: (request: Request) => Response | Promise<Response>,
  ): Promise<Response> {
    const key = request.headers.get('idempotency-key');
    if (key === null) return handle(request);
    if (key === '' || key.length > KEY_LENGTH_MAX) {
      throw problemError('invalid-parameter', `Idempotency-Key has 1 to ${KEY_LENGTH_MAX} characters`);
    }
    const { pathname, search } = new URL(request.url);
    const id = `${principal.name}\0${request.method}\0${pathname}\0${key}`;
    const body = Buffer.from(await request.arrayBuffer());
    const media = request.headers.get('content-type') ?? '';
    const fingerprint = createHash('sha256').update(`${search}\0${media}\0`).update(body).digest('base64');
    const known = this.#entries.get(id);
    if (known !== undefined && Date.now() - known.atMs < KEPT_MS) {
      if (known.fingerprint === fingerprint) return again(await known.answer);
      throw problemError(
        'idempotency-mismatch',
        `another request was sent with the Idempotency-Key ${key}: take a new key`,
      );
    }
    const { method, headers } = request;
    const copy = new Request(request.url, { method, headers, body });
    const answer = (async () => keep(await handle(copy)))();
    this.#remember(id, { fingerprint, atMs: Date.now(), answer });
    try {
      const kept = await answer;
      if (kept.status >= 500) this.#entries.delete(id);
      return again(kept);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.status >= 500) this.#entries.delete(id);
      throw error;
    }
  }

  #remember(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    for (const [oldest, { atMs }] of this.#entries) {
      if (this.#entries.size <= KEYS_MAX && entry.atMs - atMs < KEPT_MS) return;
      this.#entries.delete(oldest);
    }
  }
}

async function keep(response: Response): Promise<Kept> {
  return { status: response.status, headers: [...response.headers], body: await response.text() };
}

function again({ status, headers, body }: Kept): Response {
  return new Response(body === '' ? null : body, { status, headers: headers.map(([name, value]) => [name, value]) });
}
