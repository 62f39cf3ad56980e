import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_TIMEOUT_MS = 180_000;
const KEPT_LOG_LENGTH = 20_000;

/** A port that is free now. The server's own port 0 would have to be read out of its log. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * Runs a command until it ends or standard input does: a test process that is killed leaves no Java process behind.
 * spark-submit becomes the Java process, so its number is the one to end.
 */
const GUARD =
  'exec 3<&0; nice -n 10 "$0" "$@" </dev/null & server=$!; { cat <&3 >&2; kill -9 $server; } & wait $server';

/** A Spark Connect server in one process, from the pyspark package. */
export class SparkServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'spark-connect-'));
  readonly port: number;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, settings: Readonly<Record<string, string>>) {
    this.port = port;
    this.#settings = settings;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<SparkServer> {
    const server = new SparkServer(await freePort(), settings);
    await server.run();
    return server;
  }

  get url(): string {
    return `sc://127.0.0.1:${this.port}/;user_id=test`;
  }

  #arguments(): string[] {
    const settings: Record<string, string> = {
      'spark.connect.grpc.binding.address': '127.0.0.1',
      'spark.connect.grpc.binding.port': String(this.port),
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.sql.shuffle.partitions': '2',
      'spark.sql.session.timeZone': 'UTC',
      'spark.sql.warehouse.dir': join(this.folder, 'warehouse'),
      'spark.ui.enabled': 'false',
      ...this.#settings,
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ['--conf', `${key}=${value}`]);
    const main = ['--class', 'org.apache.spark.sql.connect.service.SparkConnectServer'];
    return [...main, '--master', 'local[2]', '--driver-memory', '1g', ...flags];
  }

  /** Starts the process; after `kill` it starts again on the same port. */
  async run(): Promise<void> {
    const { SPARK_HOME } = process.env;
    if (SPARK_HOME === undefined) throw new Error('SPARK_HOME is not set: run test/integration/run.mjs');
    const child = spawn('sh', ['-c', GUARD, join(SPARK_HOME, 'bin/spark-submit'), ...this.#arguments()], {
      cwd: this.folder,
      env: { ...process.env, SPARK_LOCAL_IP: '127.0.0.1', SPARK_LOCAL_HOSTNAME: '127.0.0.1', SPARK_CONNECT_MODE: '0' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#log = '';
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`Spark ${why}: ${this.#log.slice(-2000)}`));
      const timer = setTimeout(() => fail(`was not ready after ${READY_TIMEOUT_MS} ms`), READY_TIMEOUT_MS);
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with ${code}`);
      });
      const onOutput = (chunk: Buffer) => {
        this.#log = (this.#log + chunk).slice(-KEPT_LOG_LENGTH);
        if (!this.#log.includes('Spark Connect server started at')) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', onOutput);
      child.stderr.on('data', onOutput);
    });
  }

  /** At once, as by `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.destroy();
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
