/** The three kinds of processes of a standalone cluster: how each is started, and which line of its log says that it is ready. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterDirectory } from './cluster-directory.js';
import { type ClusterSize, LOOPBACK } from './cluster-options.js';
import type { ChosenPorts } from './ports.js';
import { daemonLogging, LOG_FILE_VARIABLE } from './spark-settings.js';

export interface Component {
  /** "master", "worker-1", "connect". */
  readonly name: string;
  readonly command: string;
  readonly argumentList: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly port: number | null;
  readonly url: string;
  readonly log: string;
  /** What the Java machine itself writes, before and beside the log. */
  readonly output: string;
  readonly ready: RegExp;
}

export interface ComponentSettings {
  readonly directory: ClusterDirectory;
  readonly sparkHome: string;
  readonly python: string;
  readonly ports: ChosenPorts;
  readonly size: ClusterSize;
  readonly token: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Below 450 MB Spark's daemons do not start. */
const DAEMON_MEMORY = '512m';

export function masterComponent(settings: ComponentSettings): Component {
  const { ports, sparkHome } = settings;
  const where = ['--host', LOOPBACK, '--port', String(ports.master), '--webui-port', String(ports.masterUi)];
  return {
    ...common(settings, 'master', {
      SPARK_MASTER_OPTS: daemonOptions(settings, ['-Dspark.master.rest.enabled=false']),
    }),
    command: join(sparkHome, 'bin/spark-class'),
    argumentList: ['org.apache.spark.deploy.master.Master', ...where],
    port: ports.master,
    url: `http://${LOOPBACK}:${ports.masterUi}`,
    ready: /I have been elected leader/,
  };
}

/** @param index from 0 */
export function workerComponent(settings: ComponentSettings, index: number): Component {
  const { directory, ports, size, sparkHome } = settings;
  const name = `worker-${index + 1}`;
  const page = ports.workerUis[index] ?? 0;
  const work = join(directory.work, name);
  mkdirSync(work, { recursive: true });
  return {
    ...common(settings, name, { SPARK_WORKER_OPTS: daemonOptions(settings, ['-Dspark.worker.cleanup.enabled=true']) }),
    command: join(sparkHome, 'bin/spark-class'),
    argumentList: [
      ...['org.apache.spark.deploy.worker.Worker', `spark://${LOOPBACK}:${ports.master}`],
      ...['--host', LOOPBACK, '--webui-port', String(page), '--work-dir', work],
      ...['--cores', String(size.cores), '--memory', `${size.memoryMebibytes}m`],
    ],
    port: null,
    url: `http://${LOOPBACK}:${page}`,
    ready: /Successfully registered with master/,
  };
}

export function connectComponent(settings: ComponentSettings): Component {
  const { ports, sparkHome, token } = settings;
  return {
    // The setting of the same name would stand in the list of processes, for every user to read.
    ...common(settings, 'connect', { SPARK_CONNECT_MODE: '0', SPARK_CONNECT_AUTHENTICATE_TOKEN: token }),
    command: join(sparkHome, 'bin/spark-submit'),
    // With no application of ours: Spark's own jar holds the class.
    argumentList: ['--class', 'org.apache.spark.sql.connect.service.SparkConnectServer', 'spark-internal'],
    port: ports.connect,
    url: `http://${LOOPBACK}:${ports.ui}`,
    ready: /Spark Connect server started at/,
  };
}

/**
 * Master and worker only start and watch others: without the second compiler and a parallel collector each takes 2.6 s of a
 * core to start, not 5.2.
 */
const SMALL = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'] as const;

function daemonOptions({ directory }: ComponentSettings, more: readonly string[]): string {
  const logging = `-Dlog4j2.configurationFile="${daemonLogging(directory)}"`;
  return [...SMALL, logging, '-Dspark.port.maxRetries=0', ...more].join(' ');
}

function common(
  settings: ComponentSettings,
  name: string,
  more: Readonly<Record<string, string | undefined>>,
): Pick<Component, 'name' | 'environment' | 'log' | 'output'> {
  const { directory, python, sparkHome } = settings;
  const log = join(directory.logs, `${name}.log`);
  return {
    name,
    log,
    output: join(directory.logs, `${name}.out`),
    environment: {
      ...withoutSpark(settings.environment),
      SPARK_HOME: sparkHome,
      SPARK_CONF_DIR: directory.settings,
      SPARK_LOCAL_IP: LOOPBACK,
      SPARK_LOCAL_HOSTNAME: LOOPBACK,
      SPARK_LOCAL_DIRS: directory.scratch,
      SPARK_DAEMON_MEMORY: DAEMON_MEMORY,
      PYSPARK_PYTHON: python,
      [LOG_FILE_VARIABLE]: log,
      ...more,
    },
  };
}

/** Settings of another Spark on this machine are not meant for this one. */
function withoutSpark(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(PY)?SPARK_/.test(name)));
}
