import { connect } from '@millrace/amqp';
import { createClient } from '@millrace/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queue, startTestServer, type TestServer } from './running-server.js';

let cli: TestServer;
beforeEach(async () => {
  cli = await startTestServer([queue('orders'), queue('aside')]);
});
afterEach(() => cli.server.close());

/** Sends them, and rejects each one. */
async function deadLetters(bodies: readonly string[]): Promise<void> {
  await cli.run(['publish', 'orders', ...bodies]);
  const { host, port } = cli.server.endpoints.find(({ protocol }) => protocol === 'amqp')!;
  const connection = await connect({ host, port });
  const receiver = await connection.openReceiver('orders', { settlement: 'explicit' });
  for (const _body of bodies) (await receiver.receive())?.reject();
  await expect.poll(() => storedOn('dead-letters'), { timeout: 10_000 }).toBe(bodies.length);
  await connection.close();
}

/** What can be browsed: `dead-letters` is a queue that nobody declared. */
async function storedOn(name: string): Promise<number> {
  const found = await createClient({ server: cli.url })
    .browse(name)
    .catch(() => []);
  return found.length;
}

describe('dead letters', () => {
  it('are listed with where they came from, in every format', async () => {
    await deadLetters(['one', 'two']);
    const { output } = await cli.run('dead-letters list');
    expect(output).toMatch(/^ID +TIME +FROM +BODY$/m);
    expect(output).toMatch(/^ *\d+ +\S+ +orders +one$/m);
    const lines = (await cli.run('dead-letters list --filter body=two -o jsonl')).output.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { body: string }).body)).toEqual(['two']);
    expect((await cli.run('dead-letters list --columns body --sort -body')).output).toBe('BODY\ntwo\none\n');
    expect((await cli.run('dead-letters list nowhere')).code).toBe(4);
  });

  it('redrive: asks with the exact count, and sends them back', async () => {
    await deadLetters(['one', 'two', 'three']);
    expect(await cli.run('dead-letters redrive --filter body~t --dry-run')).toMatchObject({
      code: 0,
      output: 'would send 2 messages of dead-letters to where they came from\n',
    });
    expect(await cli.run('dead-letters redrive')).toMatchObject({
      code: 2,
      notes: expect.stringContaining('Send 3 messages'),
    });
    expect(await cli.run('dead-letters redrive', { input: 'n\n', isTerminal: true })).toMatchObject({
      code: 1,
      output: '',
    });
    expect([await storedOn('dead-letters'), await storedOn('orders')]).toEqual([3, 0]);
    expect(await cli.run('dead-letters redrive --filter body~t --yes')).toMatchObject({
      code: 0,
      output: 'dead-letters: 2 messages sent\n',
    });
    expect([await storedOn('dead-letters'), await storedOn('orders')]).toEqual([1, 2]);
    expect(await cli.run('dead-letters redrive --target aside', { input: 'yes\n', isTerminal: true })).toMatchObject({
      code: 0,
    });
    expect([await storedOn('dead-letters'), await storedOn('aside')]).toEqual([0, 1]);
    expect((await cli.run('dead-letters redrive --yes')).code).toBe(4);
  });

  it('discard: only what was chosen, or all', async () => {
    await deadLetters(['one', 'two', 'three']);
    expect((await cli.run('dead-letters discard --filter body=two --dry-run')).output).toBe(
      'would delete 1 message of dead-letters\n',
    );
    expect((await cli.run('dead-letters discard --filter body=two --yes')).output).toBe(
      'deleted 1 message of dead-letters\n',
    );
    expect((await cli.run('dead-letters list --columns body -o jsonl')).output).toBe(
      '{"body":"one"}\n{"body":"three"}\n',
    );
    expect((await cli.run('dead-letters discard')).code).toBe(2);
    expect(await cli.run('dead-letters discard --yes')).toMatchObject({
      code: 0,
      output: 'deleted 2 messages of dead-letters\n',
    });
  });
});
