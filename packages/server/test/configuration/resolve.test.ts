import { describe, expect, it } from 'vitest';
import { configurationSchema } from '../../src/configuration/schema.js';
import {
  changedSettings,
  describeConfigurationFault,
  describeOrigin,
  resolveConfiguration,
  SETTINGS,
  valueAt,
  variableOf,
} from '../../src/index.js';

async function faultsOf(text: string, more: { environment?: Record<string, string>; flags?: object } = {}) {
  const resolved = await resolveConfiguration({
    file: { name: 'm.yaml', text },
    environment: more.environment ?? {},
    flags: { ...more.flags },
  });
  return resolved.ok ? [] : resolved.faults.map(describeConfigurationFault);
}

describe('faults have their place and what would be right', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['unknown key', 'amqp:\n  prot: 1', /^m\.yaml:2:3: amqp\.prot: "prot" is not known here; did you mean port\?$/],
    ['unknown section', 'mqqt: {}', /^m\.yaml:1:1: mqqt: .*did you mean mqtt\?$/],
    ['nothing near', 'colour: red', /^m\.yaml:1:1: colour: .*known are host, allowAnonymous/],
    ['a type', 'host: localhost\namqp: { port: http }', /^m\.yaml:2:9: amqp\.port: port is a string, where a number/],
    ['a range', 'http: { port: 70000 }', /^m\.yaml:1:9: http\.port: port is 70000; the most is 65535$/],
    ['a choice', 'log: { format: jsn }', /^m\.yaml:1:8: log\.format: .*text, json; did you mean json\?$/],
    ['a size', 'data: { limit: 10 GByte }', /^m\.yaml:1:9: data\.limit: .*10MiB or 1GiB$/],
    ['too small a size', 'data: { limit: 10KiB }', /^m\.yaml:1:9: data\.limit: .*1MiB$/],
    ['too long a grace', 'stop: { grace: 1h }', /^m\.yaml:1:9: stop\.grace: .*most is 5m$/],
    ['a section that is none', 'amqp: 5672', /^m\.yaml:1:1: amqp: amqp is a number, where an object is right$/],
    ['an item of a list', 'documents:\n  - a.yaml\n  - 5', /^m\.yaml:3:5: documents\.1: /],
    ['a list at the top', '- host', /^m\.yaml:1:1: a configuration is an array/],
    ['syntax', 'amqp: [1', /^m\.yaml:1:9: /],
    ['a key twice', 'host: a\nhost: b', /^m\.yaml:2:1: Map keys must be unique$/],
    ['a prototype', '__proto__: { host: x }', /__proto__/],
  ];
  it.each(cases)('%s', async (_name, text, expected) => {
    const [first] = await faultsOf(text);
    expect(first).toMatch(expected);
  });

  it('aliases without end are refused, quickly', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1) {
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    expect(await faultsOf(lines.join('\n'))).toEqual([expect.stringMatching(/alias/i)]);
  });

  it('several are in order of their lines', async () => {
    const faults = await faultsOf('mqtt: { port: x }\nlogg: {}\namqp: { port: -1 }');
    expect(faults.map((fault) => fault.slice(0, 9))).toEqual(['m.yaml:1:', 'm.yaml:2:', 'm.yaml:3:']);
  });

  it('a variable and a flag are named', async () => {
    expect(
      await faultsOf('', { environment: { MILLRACE_HTTP_PORT: 'eighty' }, flags: { 'log.level': 'loud' } }),
    ).toEqual([
      expect.stringMatching(/^MILLRACE_HTTP_PORT: http\.port: port is a string/),
      expect.stringMatching(/^--log-level: log\.level: .*debug, info, warn, error/),
    ]);
  });
});

describe('layers', () => {
  it('flags lie over the environment, the environment over the file, the file over defaults', async () => {
    const resolved = await resolveConfiguration({
      file: { name: '/etc/m.yaml', text: 'amqp: { port: 1 }\nmqtt:\n  port: 2\nhttp: { port: 3 }\n' },
      environment: { MILLRACE_MQTT_PORT: '20', MILLRACE_HTTP_PORT: '30', MILLRACE_LOG_LEVEL: '' },
      flags: { 'http.port': 300 },
    });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.faults));
    const { configuration, originOf } = resolved;
    const origins = Object.fromEntries(SETTINGS.map((setting) => [setting.path, describeOrigin(originOf(setting))]));
    expect([configuration.amqp.port, configuration.mqtt.port, configuration.http.port]).toEqual([1, 20, 300]);
    expect(origins).toMatchObject({
      'amqp.port': '/etc/m.yaml:1:9',
      'mqtt.port': 'MILLRACE_MQTT_PORT',
      'http.port': '--http-port',
      'log.level': 'default',
      host: 'default',
    });
  });

  it('paths of the file are meant from its folder, those of a flag from here', async () => {
    const file = { name: '/etc/millrace/m.yaml', text: 'documents: [a.yaml, /b.yaml]\ndata: { directory: data }' };
    const fromFile = await resolveConfiguration({ file, environment: {}, flags: {} });
    expect(fromFile).toMatchObject({
      configuration: { documents: ['/etc/millrace/a.yaml', '/b.yaml'], data: { directory: '/etc/millrace/data' } },
    });
    const fromFlag = await resolveConfiguration({ file, environment: {}, flags: { documents: ['c.yaml'] } });
    expect(fromFlag).toMatchObject({ configuration: { documents: ['c.yaml'] } });
  });

  it('a list in a variable is separated by commas, an amount may have its unit', async () => {
    const environment = { MILLRACE_HTTP_ALLOWED_HOSTS: 'a.example, b.example', MILLRACE_STOP_GRACE: '5s' };
    expect(await resolveConfiguration({ environment, flags: {} })).toMatchObject({
      configuration: { http: { allowedHosts: ['a.example', 'b.example'] }, stop: { grace: 5000 } },
    });
  });

  it('a variable that is nearly a setting is told of', async () => {
    const environment = { MILLRACE_AMQP_PROT: '1', MILLRACE_TOKEN: 'x', HOME: '/root' };
    expect(await resolveConfiguration({ environment, flags: {} })).toMatchObject({
      warnings: ['the variable MILLRACE_AMQP_PROT is no setting; did you mean MILLRACE_AMQP_PORT?'],
    });
  });
});

describe('the table of settings', () => {
  it('has every leaf of the schema, and no other', () => {
    const leaves = (schema: unknown, path: string): string[] => {
      let current = schema as { unwrap?: () => unknown; shape?: Record<string, unknown>; element?: unknown };
      while (current.shape === undefined && current.unwrap !== undefined && current.element === undefined) {
        current = current.unwrap() as typeof current;
      }
      if (current.shape === undefined) return [path];
      return Object.entries(current.shape).flatMap(([key, inner]) =>
        leaves(inner, path === '' ? key : `${path}.${key}`),
      );
    };
    expect(SETTINGS.map(({ path }) => path).sort()).toEqual(leaves(configurationSchema, '').sort());
  });

  it('has a variable of its own for each', () => {
    expect(new Set(SETTINGS.map(variableOf)).size).toBe(SETTINGS.length);
    expect(variableOf(SETTINGS.find(({ path }) => path === 'undeclaredAddresses.amqp')!)).toBe(
      'MILLRACE_UNDECLARED_ADDRESSES_AMQP',
    );
  });

  it('tells which settings changed', () => {
    const before = configurationSchema.parse({});
    const after = configurationSchema.parse({ log: { level: 'debug' }, documents: ['a'] });
    expect(changedSettings(before, after).map(({ path }) => path)).toEqual(['documents', 'log.level']);
    expect(valueAt(after, 'log.level')).toBe('debug');
  });
});
