/** HTTP requests by method and status: bounded, since neither is the client's free choice. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);

export class HttpRequests {
  private readonly counts = new Map<string, number>();

  count(method: string, status: number): void {
    const key = `${METHODS.has(method) ? method : 'other'} ${status}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  *entries(): Generator<{ readonly method: string; readonly status: string; readonly count: number }> {
    for (const [key, count] of this.counts) {
      const [method = '', status = ''] = key.split(' ');
      yield { method, status, count };
    }
  }
}
