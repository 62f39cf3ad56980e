/** JSON lines by pino: `{"level":"info","time":"2026-11-24T10:00:00.000Z","message":"…", …fields}`. */
import { pino, stdTimeFunctions } from 'pino';
import type { Log, LogLevel } from './log.js';

export function jsonLog(level: LogLevel, write: (line: string) => void): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(line.trimEnd()) },
  );
  return (line, { level: of = 'info', fields = {} } = {}) => logger[of](fields, line);
}
