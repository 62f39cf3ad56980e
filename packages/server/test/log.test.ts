import { describe, expect, it } from 'vitest';
import { openLog } from '../src/index.js';

async function logging(settings: Parameters<typeof openLog>[0]) {
  const lines: string[] = [];
  return { lines, opened: await openLog(settings, (line) => lines.push(line)) };
}

describe('the log', () => {
  it('as text is the line alone, from the level on', async () => {
    const { lines, opened } = await logging({ level: 'warn', format: 'text' });
    opened.log('quiet', { level: 'info' });
    opened.log('loud', { level: 'error', fields: { job: 'j' } });
    expect(lines).toEqual(['loud']);
  });

  it('as JSON has level, time, message and the fields, one object a line', async () => {
    const { lines, opened } = await logging({ level: 'info', format: 'json' });
    opened.log('a "quoted"\nline', { level: 'warn', fields: { job: 'max', ports: ['1', '2'] } });
    opened.log('left out', { level: 'debug' });
    expect(lines).toHaveLength(1);
    const entry = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(entry).toEqual({
      level: 'warn',
      time: entry.time,
      job: 'max',
      ports: ['1', '2'],
      message: 'a "quoted"\nline',
    });
    expect(new Date(String(entry.time)).toISOString()).toBe(entry.time);
  });

  it('changes while it is written', async () => {
    const { lines, opened } = await logging({ level: 'error', format: 'text' });
    const { log } = opened;
    log('one');
    await opened.change({ level: 'debug', format: 'json' });
    log('two', { level: 'debug' });
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['two']);
  });
});
