/** top, flow, doctor, snippet. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkData, checkNode, checkOpenFiles, checkPort } from '../src/doctor/machine.js';
import { asDot, asMermaid, asTree } from '../src/flow/formats.js';
import { flowOf } from '../src/flow/graph.js';
import { main } from '../src/main.js';
import { LANGUAGES, SNIPPETS } from '../src/snippets/snippets.js';
import { fakeTerminal } from './fake-terminal.js';
import { job, queue, startTestServer, type TestServer } from './running-server.js';

let cli: TestServer;
let folder: string;
beforeAll(async () => {
  cli = await startTestServer([queue('in'), queue('out'), job('copy', 'INSERT INTO out SELECT body FROM STREAM in')]);
  folder = await mkdtemp(join(tmpdir(), 'millrace-watch-'));
});
afterAll(async () => {
  await cli.server.close();
  await rm(folder, { recursive: true });
});

describe('top', () => {
  it('prints once off a terminal: rates of a stated time, the busiest first', async () => {
    const shown = cli.run('top --interval 700ms -o json');
    await cli.run(['publish', 'in', ...Array.from({ length: 70 }, (_, index) => `${index}`)]);
    const { code, output } = await shown;
    const rates = JSON.parse(output) as {
      seconds: number;
      addresses: { name: string; inPerSecond: number }[];
      jobs: object[];
    };
    expect(code).toBe(0);
    expect(rates.seconds).toBeGreaterThanOrEqual(0.69);
    const total = rates.addresses.reduce((sum, { inPerSecond }) => sum + inPerSecond * rates.seconds, 0);
    // What was sent before the first look is not of this time; what is, came to `in` and then to `out`.
    expect(total).toBeLessThanOrEqual(141);
    expect(rates.jobs).toMatchObject([{ name: 'copy', phase: 'Running', backlog: 0 }]);
  });

  it('on a terminal looks again until Ctrl-C, within its width', async () => {
    const terminal = fakeTerminal({ isTerminal: true, columns: 80, environment: { MILLRACE_SERVER: cli.url } });
    const ended = main(['top', '--interval', '100ms'], terminal);
    await expect.poll(() => terminal.output().split('\u001b[H\u001b[J').length).toBeGreaterThan(2);
    terminal.interrupt();
    expect(await ended).toBe(0);
    const last = terminal.output().split('\u001b[H\u001b[J').at(-1)!;
    expect(last).toMatch(/^\d\d:\d\d:\d\d UTC, rates over the last 0\.\d+ s$/m);
    expect(last).toMatch(/^ADDRESS +STORED +IN\/S/m);
    expect(Math.max(...last.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('flow', () => {
  it('of a real server: address, job, address', async () => {
    const { output } = await cli.run('flow');
    expect(output).toBe('address in\n→ job copy\n   → address out\n');
    expect((await cli.run('flow -o dot')).output).toMatch(/n\d -> n\d;/);
  });

  const connection = (container: string, links: readonly (readonly [string, 'sender' | 'receiver'])[]) => ({
    id: container,
    protocol: 'mqtt' as const,
    container,
    host: '',
    user: '',
    encrypted: false,
    openedAt: '',
    properties: {},
    links: links.map(([address, role]) => ({ name: '', role, address, credit: 0, unsettled: 0, deliveries: 0 })),
  });

  it('clients that do the same are one when they are many; circles end; labels cannot leave their quotes', () => {
    const sensors = Array.from({ length: 5 }, (_, index) => connection(`s${index}`, [['t', 'sender']]));
    const loop = connection('lo"op\n', [
      ['t', 'receiver'],
      ['t', 'sender'],
    ]);
    const flow = flowOf(['t'], [], [...sensors, loop]);
    expect(asTree(flow)).toBe('5 clients (mqtt)\n→ address t\n   → lo"op\\n (mqtt)\n      → address t …\n');
    expect(asMermaid(flow)).toContain('("lo#34;op\\n (mqtt)")');
    expect(asDot(flow)).toContain('label="lo\\"op\\\\n (mqtt)"');
    expect(asTree(flowOf(['t'], [], [loop]))).toContain('lo"op');
  });
});

describe('doctor', () => {
  it('finds a server well, and says so in a form for programs too', async () => {
    const { code, notes, output } = await cli.run(['doctor', '--data', folder, '-o', 'json']);
    const findings = JSON.parse(output) as { check: string; state: string; fix?: string }[];
    const of = (check: string) => findings.find((finding) => finding.check === check)?.state;
    expect([of('server'), of('ready'), of('documents'), of('clock'), of('Node.js')]).toEqual([
      'well',
      'well',
      'well',
      'well',
      'well',
    ]);
    expect(of('store')).toBe('warning');
    expect(findings.filter(({ state, fix }) => state !== 'well' && fix === undefined)).toEqual([]);
    expect(notes).toMatch(/^\d faults?, \d warnings?, \d+ well\.\n$/);
    expect(code).toBe(findings.some(({ state }) => state === 'fault') ? 1 : 0);
  });

  it('says that no server answers, and goes on', async () => {
    const { code, output } = await cli.run('doctor --server http://127.0.0.1:1');
    expect(code).toBe(1);
    expect(output).toContain('FAULT    server: http://127.0.0.1:1 cannot be reached');
    expect(output).toContain('try: millrace serve');
    expect(output).toContain('data directory');
  });

  it('names a job that failed', async () => {
    await cli.server.apply([
      queue('aside'),
      job('wrong', 'INSERT INTO out SELECT CAST(CAST(body AS INT) AS STRING) AS body FROM STREAM aside'),
    ]);
    await cli.run('publish aside no-number');
    await expect.poll(async () => (await cli.run('doctor')).output).toContain('FAULT    job wrong:');
    await cli.run('delete job wrong --yes');
  });

  it('tells faults of the machine apart', async () => {
    expect(checkNode('v18.20.0').state).toBe('fault');
    expect(checkNode('v20.19.0').state).toBe('well');
    expect(checkNode('v26.0.0').state).toBe('well');
    const limits = join(folder, 'limits');
    await writeFile(
      limits,
      'Limit   Soft\nMax open files            1024                 4096                 files\n',
    );
    expect(await checkOpenFiles(limits)).toMatchObject({ state: 'warning', detail: expect.stringContaining('1024') });
    expect(await checkOpenFiles(join(folder, 'none'))).toBeUndefined();
    expect((await checkData(limits))[0]).toMatchObject({
      state: 'fault',
      detail: expect.stringContaining('is no directory'),
    });
    expect((await checkData(join(folder, 'new', 'deep')))[0]).toMatchObject({
      state: 'well',
      detail: expect.stringContaining('will be made'),
    });
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const at = { host: '127.0.0.1', ours: new Set<number>() };
    expect((await checkPort('amqp.port', port, at)).state).toBe('warning');
    expect((await checkPort('amqp.port', port, { ...at, ours: new Set([port]) })).state).toBe('well');
    taken.close();
    expect((await checkPort('amqp.port', 5555, { ...at, host: '203.0.113.1' })).state).toBe('fault');
  });
});

describe('explain and preview', () => {
  it('explain: what it reads and sends, its columns, its plan', async () => {
    const { code, output } = await cli.run('explain copy');
    expect(code).toBe(0);
    expect(output).toMatch(/^reads in\nsends to out\nrows:\n {2}body STRING\nplan:\n/);
    expect(JSON.parse((await cli.run('explain copy -o json')).output)).toMatchObject({ valid: true, source: 'in' });
    expect((await cli.run('explain cpy')).notes).toContain('did you mean "copy"?');
  });

  it('preview: rows of what is stored, and nothing is taken or sent', async () => {
    await cli.server.apply([
      queue('kept'),
      queue('none'),
      job('waits', 'INSERT INTO none SELECT upper(body) AS body FROM STREAM kept'),
    ]);
    await cli.run('pause waits');
    await cli.run('publish kept a b');
    const { code, notes, output } = await cli.run('preview waits --rows 2 --for 20s');
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { body: string }).body),
    ).toEqual(['A', 'B']);
    expect([code, notes]).toEqual([0, '2 rows of waits; nothing was consumed, nothing sent.\n']);
    expect((await cli.run('get address kept --columns stored -o jsonl')).output).toBe('{"stored":2}\n');
    expect((await cli.run('preview none')).code).toBe(4);
    expect((await cli.run('preview waits --server http://127.0.0.1:1')).code).toBe(7);
    await cli.run('delete job waits --yes');
    await cli.run('delete address kept none --yes');
  });
});

describe('snippet', () => {
  const place = {
    address: 'it\'s/"odd"\\',
    host: '127.0.0.1',
    amqpPort: 5672,
    mqttPort: 1883,
    server: 'http://127.0.0.1:8080',
  };

  it('has the real host and port', async () => {
    const port = cli.server.endpoints.find(({ protocol }) => protocol === 'mqtt')!.port;
    expect((await cli.run('snippet in --lang python')).output).toContain(`client.connect("127.0.0.1", ${port})`);
    expect((await cli.run('snippet inn')).notes).toContain('did you mean "in"?');
    expect((await cli.run('snippet in --lang go --protocol amqp')).notes).toContain('only over mqtt');
  });

  const all = LANGUAGES.flatMap((language) =>
    Object.entries(SNIPPETS[language]).map(([protocol, write]) => [language, protocol, write] as const),
  );
  const checks: Partial<Record<(typeof LANGUAGES)[number], (text: string) => readonly [string, readonly string[]]>> = {
    node: () => [process.execPath, ['--check', join(folder, 'snippet.mjs')]],
    python: () => ['python3', ['-m', 'py_compile', join(folder, 'snippet.mjs')]],
    curl: (text) => ['bash', ['-n', '-c', text]],
    mosquitto: (text) => ['bash', ['-n', '-c', text]],
    millrace: (text) => ['bash', ['-n', '-c', text]],
  };
  it.each(all)('%s over %s is of its language, whatever the address is called', async (language, _protocol, write) => {
    const text = write(place);
    await writeFile(join(folder, 'snippet.mjs'), text);
    const [command, options] = checks[language]?.(text) ?? ['true', []];
    const { status, stderr } = spawnSync(command, options, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(text.split('\n').filter((line) => line.length > 110)).toEqual([]);
  });

  it('curl and millrace do what they say', async () => {
    const curl = (await cli.run('snippet out --lang curl')).output;
    // Not spawnSync: the server that is asked is in this process.
    const { stdout } = await promisify(execFile)('bash', ['-c', curl]);
    expect(stdout).toContain('{"sent":1}');
    expect(stdout).toContain('"body":"21.5"');
  });
});
