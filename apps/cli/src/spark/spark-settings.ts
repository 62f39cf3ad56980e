/** The files that Spark's processes read: SPARK_CONF_DIR of a local cluster. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterDirectory } from './cluster-directory.js';
import { type ClusterSize, LOOPBACK } from './cluster-options.js';
import type { ChosenPorts } from './ports.js';

const DRIVER_MEMORY = '1g';
const LOG_BYTES = 10 * 1024 ** 2;
const LOGS_KEPT = 3;

/** Names the log file of a master, worker or Connect server; an executor has it too, by inheritance, and does not use it. */
export const LOG_FILE_VARIABLE = 'MILLRACE_SPARK_LOG';

export function writeSettings(directory: ClusterDirectory, settings: Readonly<Record<string, string>>): void {
  mkdirSync(directory.settings, { recursive: true });
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
  writeFileSync(join(directory.settings, 'spark-defaults.conf'), lines.join(''), { mode: 0o600 });
  writeFileSync(join(directory.settings, 'log4j2.properties'), EXECUTOR_LOGGING);
  writeFileSync(daemonLogging(directory), DAEMON_LOGGING);
}

/** For `log4j2.configurationFile`. */
export function daemonLogging(directory: ClusterDirectory): string {
  return join(directory.settings, 'daemon-log4j2.properties');
}

/** What the Connect server is submitted with. */
export function connectSettings(
  directory: ClusterDirectory,
  cluster: { readonly ports: ChosenPorts; readonly size: ClusterSize; readonly jar: string },
): Readonly<Record<string, string>> {
  const { ports, size } = cluster;
  return {
    'spark.master': `spark://${LOOPBACK}:${ports.master}`,
    'spark.app.name': 'Millrace',
    'spark.jars': cluster.jar,
    'spark.driver.memory': DRIVER_MEMORY,
    'spark.driver.host': LOOPBACK,
    'spark.driver.bindAddress': LOOPBACK,
    'spark.driver.extraJavaOptions': `-Dlog4j2.configurationFile="${daemonLogging(directory)}"`,
    'spark.executor.memory': `${size.memoryMebibytes}m`,
    'spark.executor.logs.rolling.strategy': 'size',
    'spark.executor.logs.rolling.maxSize': String(LOG_BYTES),
    'spark.executor.logs.rolling.maxRetainedFiles': String(LOGS_KEPT),
    'spark.connect.grpc.binding.address': LOOPBACK,
    'spark.connect.grpc.binding.port': String(ports.connect),
    // A session without calls would be ended after an hour, and its queries with it.
    'spark.connect.session.manager.defaultSessionTimeout': '-1',
    'spark.ui.port': String(ports.ui),
    // Without this a port that is taken is replaced by the next one, silently.
    'spark.port.maxRetries': '0',
    // Each partition of a shuffle is a task and a state store for each batch: on one machine few are best.
    'spark.sql.shuffle.partitions': '2',
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.warehouse.dir': join(directory.root, 'warehouse'),
    // The page keeps what ended: a stream ends a job several times a second.
    'spark.ui.retainedJobs': '200',
    'spark.ui.retainedStages': '200',
    'spark.sql.ui.retainedExecutions': '100',
  };
}

/** An executor's output is kept, and rolled, by its worker. */
const EXECUTOR_LOGGING = `rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex
`;

/** Spark's own default writes a page for each batch, without end. The lines that say "ready" are among the few at level info. */
const DAEMON_LOGGING = `rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = \${env:${LOG_FILE_VARIABLE}}
appender.file.filePattern = \${env:${LOG_FILE_VARIABLE}}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = ${LOG_BYTES}
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = ${LOGS_KEPT}
logger.master.name = org.apache.spark.deploy.master.Master
logger.master.level = info
logger.worker.name = org.apache.spark.deploy.worker.Worker
logger.worker.level = info
logger.connect.name = org.apache.spark.sql.connect.service.SparkConnectServer
logger.connect.level = info
`;
