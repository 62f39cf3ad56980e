import { describe, expect, it } from 'vitest';
import { main, runProgram } from '../src/main.js';
import { createAmqpPublisherProgram } from '../src/program/amqp-client-programs.js';
import { createMillraceProgram } from '../src/program/program.js';
import { fakeTerminal } from './fake-terminal.js';

describe('wrong usage ends with 2, says what is wrong on standard error and nothing on standard output', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /Usage: millrace/],
    ['publsh temperature 23', /unknown command 'publsh'.*publish/s],
    ['publish', /missing required argument 'address'/],
    ['publish t 1 --cuont 3', /unknown option '--cuont'.*--count/s],
    ['publish t 1 --count 0', /whole number from 1/],
    ['publish t 1 --count many', /whole number from 1/],
    ['publish t 1 --interval 5', /500ms, 30s, 10m or 1h/],
    ['publish t 1 --qos 3', /Allowed choices are 0, 1, 2/],
    ['publish t 1 --property novalue', /key=value/],
    ['publish t 1 --simulate temperature', /makes the bodies/],
    ['publish t 1 --url nowhere', /is no URL/],
    ['publish t 1 --url http://127.0.0.1', /"http:" is no protocol for messages.*amqp, amqps, mqtt, mqtts/s],
    ['publish t 1 --url ws://127.0.0.1', /WebSocket/],
    ['publish t 1 --url amqp://127.0.0.1 --qos 1', /of MQTT/],
    ['publish t 1 --url mqtt://127.0.0.1 --durable', /of AMQP/],
    ['receive t --for 40d', /longest is 24d/],
    ['get', /missing required argument 'kind'/],
    ['get adress', /no kind "adress", only address, job, user, connection.*try: address/s],
    ['get jobs -o xml', /Allowed choices are table, wide, json, jsonl, yaml, name/],
    ['get jobs --server nowhere', /is no URL of a control API/],
    ['apply', /required option '-f, --file/],
    ['demo --for 5 sec', /500ms, 30s/],
    ['demo --protocol http', /Allowed choices are amqp, mqtt/],
    ['demo --amqp-port 70000', /port from 1 to 65535/],
    ['store', /Usage: millrace store/],
    ['store check', /no store is named.*--data <directory>/s],
    ['store dump a --data b', /two stores are named, "a" and "b"/],
    ['store dump a -o json', /Allowed choices are text, jsonl/],
    ['store chekc a', /unknown command 'chekc'/],
    ['backup', /missing required argument 'file'/],
    ['restore x', /required option '--data/],
    ['serve --undeclared-amqp maybe', /Allowed choices are refuse, queue, topic/],
  ];
  it.each(cases)('millrace %s', async (line, complaint) => {
    const terminal = fakeTerminal();
    const code = await main(line === '' ? [] : line.split(' '), terminal);
    expect(terminal.notes()).toMatch(complaint);
    expect(terminal.output()).toBe('');
    expect(code).toBe(2);
  });

  it('publish without a body, where standard input is a terminal', async () => {
    const terminal = fakeTerminal({ isTerminal: true });
    expect(await main(['publish', 'temperature'], terminal)).toBe(2);
    expect(terminal.notes()).toContain('try: millrace publish temperature 23');
  });

  it('amqp-publisher with a port that is none', async () => {
    const terminal = fakeTerminal();
    expect(await runProgram(createAmqpPublisherProgram, ['127.0.0.1', 'amqp', 'temperature'], terminal)).toBe(2);
    expect(terminal.notes()).toMatch(/^amqp-publisher: /);
  });
});

describe('help', () => {
  const program = createMillraceProgram(fakeTerminal(), () => {});
  const names = program.commands.flatMap((command) => [
    command.name(),
    ...command.commands.map((inner) => `${command.name()} ${inner.name()}`),
  ]);

  it('goes to standard output with 0', async () => {
    const terminal = fakeTerminal();
    expect(await main(['--help'], terminal)).toBe(0);
    expect(terminal.output()).toContain('Usage: millrace');
    expect(terminal.notes()).toBe('');
  });

  it.each(['', ...names])('of "%s" fits in 80 columns and has an example', async (name) => {
    const terminal = fakeTerminal();
    expect(await main(`${name} --help`.trim().split(' '), terminal)).toBe(0);
    const tooLong = terminal
      .output()
      .split('\n')
      // A command of an example may be longer: it is to be copied.
      .filter((line) => line.length > 80 && !line.startsWith('  $ '));
    expect(tooLong).toEqual([]);
    if (name !== '' && name !== 'reference') expect(terminal.output()).toContain('Examples:\n  $ millrace ');
  });

  it('prints the version of package.json', async () => {
    const { default: manifest } = await import('../package.json', { with: { type: 'json' } });
    const terminal = fakeTerminal();
    expect(await main(['--version'], terminal)).toBe(0);
    expect(terminal.output().trim()).toBe(manifest.version);
  });
});
