/**
 * File, environment and flags → one configuration, each later one over the earlier, setting by setting; a list is
 * replaced as a whole. Keeps where each value came from. Reads nothing by itself: texts and values are given.
 */
import { dirname, resolve as resolvePath } from 'node:path';
import { checkValue, closest, type ProblemDetail } from '@millrace/contract';
import { type Configuration, configurationSchema } from './schema.js';
import { SETTINGS, type Setting, valueAt, variableOf } from './settings.js';
import { type Place, type ReadText, readYaml } from './yaml-text.js';

export interface ConfigurationSources {
  readonly file?: { readonly name: string; readonly text: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of flags that were typed, by the setting's path. */
  readonly flags: Readonly<Record<string, unknown>>;
}

export type Origin =
  | { readonly kind: 'default' }
  | ({ readonly kind: 'file'; readonly name: string } & Place)
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string };

export interface ConfigurationFault {
  readonly origin: Origin;
  /** `amqp.port`; '' for the whole. */
  readonly path: string;
  readonly detail: string;
}

export type Resolved =
  | {
      readonly ok: true;
      readonly configuration: Configuration;
      readonly originOf: (setting: Setting) => Origin;
      /** Variables that look like a setting and are none. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly faults: readonly ConfigurationFault[] };

/** Variables of clients and of others: no settings of a server. */
const OTHER_VARIABLES: readonly string[] = [
  'MILLRACE_CONFIG',
  'MILLRACE_CONTEXT',
  'MILLRACE_SERVER',
  'MILLRACE_TOKEN',
  'MILLRACE_USERNAME',
  'MILLRACE_PASSWORD',
];

export async function resolveConfiguration(sources: ConfigurationSources): Promise<Resolved> {
  const { file } = sources;
  const text = file === undefined ? undefined : await readYaml(file.text);
  if (file !== undefined && text?.ok === false) {
    const faults = text.faults.map(
      ({ detail, line, column }): ConfigurationFault => ({
        origin: { kind: 'file', name: file.name, line, column },
        path: '',
        detail,
      }),
    );
    return { ok: false, faults };
  }
  const layers = new Layers(file?.name, text?.ok === true ? text : undefined);
  for (const setting of SETTINGS) {
    const variable = variableOf(setting);
    const given = sources.environment[variable];
    // An empty variable is one that is not there, as with shells' ${X:-}.
    if (given !== undefined && given !== '')
      layers.put(setting, readText(given, setting), { kind: 'environment', variable });
    const typed = sources.flags[setting.path];
    if (typed !== undefined) layers.put(setting, typed, { kind: 'flag', flag: setting.flag ?? setting.path });
  }
  const checked = checkValue<Configuration>(configurationSchema, layers.value);
  if (!checked.ok) {
    const faults = checked.details.map((detail) => layers.faultOf(detail));
    return { ok: false, faults: faults.sort((one, other) => lineOf(one) - lineOf(other)) };
  }
  return {
    ok: true,
    configuration: withPaths(checked.value, layers),
    originOf: (setting) => layers.originOf(setting.path.split('.')),
    warnings: unknownVariables(sources.environment),
  };
}

function lineOf({ origin }: ConfigurationFault): number {
  return origin.kind === 'file' ? origin.line : Number.MAX_SAFE_INTEGER;
}

/** `millrace.yaml:3:5: amqp.prot: "prot" is not known here; did you mean port?` */
export function describeConfigurationFault({ origin, path, detail }: ConfigurationFault): string {
  const place = origin.kind === 'default' ? '' : `${describeOrigin(origin)}: `;
  return `${place}${path === '' ? '' : `${path}: `}${detail}`;
}

/** `millrace.yaml:3:5`, `MILLRACE_AMQP_PORT`, `--amqp-port`, `default` */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${origin.name}:${origin.line}:${origin.column}`;
    case 'environment':
      return origin.variable;
    case 'flag':
      return origin.flag;
  }
}

/** The value of the file, with what lies over it, and who put it there. */
class Layers {
  readonly value: unknown;
  private readonly file: string | undefined;
  private readonly text: Extract<ReadText, { ok: true }> | undefined;
  private readonly over = new Map<string, Origin>();

  constructor(file: string | undefined, text: Extract<ReadText, { ok: true }> | undefined) {
    this.file = file;
    this.text = text;
    this.value = text?.value ?? {};
  }

  put(setting: Setting, value: unknown, origin: Origin): void {
    const steps = setting.path.split('.');
    const last = steps.pop()!;
    let parent = this.value;
    for (const step of steps) {
      if (!isRecord(parent)) return;
      if (!Object.hasOwn(parent, step)) parent[step] = {};
      parent = parent[step];
    }
    // What the file has in place of a section is told of by the check.
    if (!isRecord(parent)) return;
    parent[last] = value;
    this.over.set(setting.path, origin);
  }

  originOf(steps: readonly string[]): Origin {
    for (let length = steps.length; length > 0; length -= 1) {
      const over = this.over.get(steps.slice(0, length).join('.'));
      if (over !== undefined) return over;
    }
    if (this.text === undefined || valueAt(this.text.value, steps.join('.')) === undefined) return { kind: 'default' };
    return { kind: 'file', name: this.file ?? '', ...this.text.placeOf(steps) };
  }

  faultOf({ pointer, detail }: ProblemDetail): ConfigurationFault {
    const steps = pointer === '' ? [] : pointer.slice(1).split('/').map(unescapeStep);
    let origin = this.originOf(steps);
    if (origin.kind === 'default' && this.text !== undefined) {
      origin = { kind: 'file', name: this.file ?? '', ...this.text.placeOf(steps) };
    }
    return { origin, path: steps.join('.'), detail: steps.length === 0 ? wholeText(detail) : detail };
  }
}

/** The sentence for a document's whole does not fit a configuration. */
function wholeText(detail: string): string {
  return detail
    .replace(/^the document is/, 'a configuration is')
    .replace(/, where an? object is right/, ', where settings by their names are right');
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text that does not fit stays text: the check says what would be right. */
function readText(text: string, { reads }: Setting): unknown {
  switch (reads) {
    case 'text':
      return text;
    case 'number':
    case 'amount':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}

/** What the file names is meant from its own folder. */
function withPaths(configuration: Configuration, layers: Layers): Configuration {
  const fromFile = (path: string, name: string): string => {
    const origin = layers.originOf(path.split('.'));
    return origin.kind === 'file' ? resolvePath(dirname(origin.name), name) : name;
  };
  const { directory } = configuration.data;
  return {
    ...configuration,
    documents: configuration.documents.map((name) => fromFile('documents', name)),
    data: {
      ...configuration.data,
      ...(directory === undefined ? {} : { directory: fromFile('data.directory', directory) }),
    },
  };
}

function unknownVariables(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const variables = SETTINGS.map(variableOf);
  return Object.keys(environment)
    .filter((name) => name.startsWith('MILLRACE_') && ![...variables, ...OTHER_VARIABLES].includes(name))
    .map((name) => {
      const meant = closest(name, variables);
      return `the variable ${name} is no setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}
