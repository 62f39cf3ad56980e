/** What one check found, and what helps. */
export interface Finding {
  readonly check: string;
  /** `warning`: it works, and may not for long. `fault`: something will not work. */
  readonly state: 'well' | 'warning' | 'fault';
  readonly detail: string;
  /** One command or sentence. */
  readonly fix?: string;
}

export function well(check: string, detail: string): Finding {
  return { check, state: 'well', detail };
}

export function warning(check: string, detail: string, fix: string): Finding {
  return { check, state: 'warning', detail, fix };
}

export function fault(check: string, detail: string, fix: string): Finding {
  return { check, state: 'fault', detail, fix };
}
