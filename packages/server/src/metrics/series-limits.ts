/** How many things have series of their own; the others are counted together under `$other`. */
export interface SeriesLimits {
  readonly addresses: number;
  readonly jobs: number;
}

export const SERIES_LIMITS: SeriesLimits = { addresses: 100, jobs: 100 };
