/** How the server tells of what happens to it: one line for people, and what a machine wants to know beside it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogDetails {
  /** Default: info. */
  readonly level?: LogLevel;
  /** Bound fields, such as `job`, for JSON. Text has them in the line. */
  readonly fields?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

export type Log = (line: string, details?: LogDetails) => void;

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** A log whose settings may change while it is written. */
export interface ServerLog {
  readonly log: Log;
  change(settings: LogSettings): Promise<void>;
}

/** @param write takes one line, without its end */
export async function openLog(settings: LogSettings, write: (line: string) => void): Promise<ServerLog> {
  let current = await logOf(settings, write);
  return {
    log: (line, details) => current(line, details),
    change: async (changed) => {
      current = await logOf(changed, write);
    },
  };
}

async function logOf(settings: LogSettings, write: (line: string) => void): Promise<Log> {
  if (settings.format === 'text') return textLog(settings.level, write);
  // Loaded only where it is asked for: it costs time and memory at the start.
  const { jsonLog } = await import('./json-log.js');
  return jsonLog(settings.level, write);
}

function textLog(least: LogLevel, write: (line: string) => void): Log {
  const rank = LOG_LEVELS.indexOf(least);
  return (line, { level = 'info' } = {}) => {
    if (LOG_LEVELS.indexOf(level) >= rank) write(line);
  };
}
