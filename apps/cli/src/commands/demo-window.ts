/** One result of the job max-temperature: all of it stands in the message. */
import type { IncomingMessage } from '../messaging/message.js';

export interface DemoWindow {
  /** As SQL prints a timestamp: "2026-11-24 08:17:05". */
  readonly start: string;
  readonly end: string;
  /** Null when no reading of the window was a number. */
  readonly max: number | null;
  readonly readings: number;
}

/** @returns undefined when it is no such message: somebody else sends to `max` as well */
export function readWindow(message: IncomingMessage): DemoWindow | undefined {
  const { window_start: start, window_end: end, readings } = message.properties;
  if (start === undefined || end === undefined || readings === undefined) return undefined;
  const body = typeof message.body === 'string' ? message.body : '';
  return { start, end, max: body === '' ? null : Number(body), readings: Number(readings) };
}

export function windowAsJson(window: DemoWindow): string {
  const { start, end, max, readings } = window;
  return `${JSON.stringify({ window_start: start, window_end: end, max, readings })}\n`;
}

/** "08:17:00 – 08:17:05   max 27   25 readings"; with the days where they differ. */
export function windowAsText(window: DemoWindow): string {
  const [startDay, startTime] = window.start.split(' ');
  const [endDay, endTime] = window.end.split(' ');
  const sameDay = startDay === endDay && startTime !== undefined && endTime !== undefined;
  const bounds = sameDay ? `${startTime} – ${endTime}` : `${window.start} – ${window.end}`;
  const readings = window.readings === 1 ? '1 reading' : `${window.readings} readings`;
  return `${bounds}   max ${window.max ?? '-'}   ${readings}\n`;
}
