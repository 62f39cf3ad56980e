/** The parts of a local cluster that need no Spark: what is looked at before anything is started, and what logs say. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandError } from '../src/command-error.js';
import { findCheckout } from '../src/spark/checkout.js';
import { clusterDirectory, defaultClusterDirectory } from '../src/spark/cluster-directory.js';
import { DEFAULT_SIZE } from '../src/spark/cluster-options.js';
import { connectComponent, masterComponent, workerComponent } from '../src/spark/components.js';
import { ensureConnectorJar, findJar } from '../src/spark/connector-jar.js';
import { checkJava, javaVersion } from '../src/spark/java.js';
import { reasonFromLog } from '../src/spark/log-reason.js';
import { checkMemory, memoryNeed } from '../src/spark/memory.js';
import { packageHint, systemOf } from '../src/spark/package-hints.js';
import { answers, choosePorts } from '../src/spark/ports.js';
import { sparkHomeOf } from '../src/spark/python-environment.js';
import { connectSettings } from '../src/spark/spark-settings.js';
import { createStep } from '../src/spark/step.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-spark-parts-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function failure(run: () => unknown): CommandError {
  try {
    run();
  } catch (error) {
    return error as CommandError;
  }
  throw new Error('it did not fail');
}

describe('why a process of Spark ended, out of its log', () => {
  it.each([
    [
      'its port is taken',
      `2026-11-24 16:19:02 WARN Utils: Service 'sparkMaster' could not bind on port 7077.
Exception in thread "main" java.net.BindException: Failed to bind to address /127.0.0.1:7077
	at io.netty.channel.unix.Errors.newIOException(Errors.java:117)`,
      '127.0.0.1:7077 is in use',
    ],
    [
      'a service is named',
      `java.net.BindException: Address already in use: Service 'SparkUI' failed after 16 retries`,
      'a port of SparkUI is in use',
    ],
    [
      'no room for the heap',
      'Error occurred during initialization of VM\nCould not reserve enough space for 1048576KB object heap',
      'the machine has too little memory for it',
    ],
    [
      'memory at work',
      'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
      'it ran out of memory: Java heap space',
    ],
    [
      'a heap that Spark refuses',
      'java.lang.IllegalArgumentException: System memory 268435456 must be at least 471859200. Please increase heap size',
      'its heap is 256 MiB, and Spark needs 450 MiB',
    ],
    [
      'an old Java',
      'Error: LinkageError occurred while loading main class\n\tjava.lang.UnsupportedClassVersionError: org/apache/spark/launcher/Main',
      'this Java is too old for Spark: it needs version 17',
    ],
    ['no master', 'ERROR Worker: All masters are unresponsive! Giving up.', 'the master did not answer'],
    [
      'the deepest cause of what nobody foresaw',
      `Exception in thread "main" org.apache.spark.SparkException: Exception thrown in awaitResult:
	at org.apache.spark.util.SparkThreadUtils$.awaitResult(SparkThreadUtils.scala:53)
Caused by: java.io.IOException: Failed to connect to /127.0.0.1:27099
	at org.apache.spark.network.client.TransportClientFactory.createClient(TransportClientFactory.java:337)
Caused by: java.net.ConnectException: Connection refused`,
      'java.net.ConnectException: Connection refused',
    ],
    ['an error of the log', '2026-11-24 16:19:02 ERROR SparkContext: Error initializing it.', 'Error initializing it.'],
    ['an end that was asked for', '2026-11-24 16:19:33 ERROR Worker: RECEIVED SIGNAL TERM', undefined],
    ['nothing', 'WARNING: Using incubator modules: jdk.incubator.vector', undefined],
  ])('%s', (_, log, reason) => {
    expect(reasonFromLog(log)).toBe(reason);
  });
});

describe('Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "21" 2023-09-19', 21],
    ['java version "1.8.0_392"', 8],
    ['Picked up JAVA_TOOL_OPTIONS: -Dx=1\nopenjdk version "25.0.1" 2025-10-21', 25],
    ['nonsense', undefined],
  ])('%s', (text, version) => {
    expect(javaVersion(text)).toBe(version);
  });

  function javaThatSays(text: string): string {
    mkdirSync(join(directory, 'bin'));
    writeFileSync(join(directory, 'bin/java'), `#!/bin/sh\necho '${text}' >&2\n`, { mode: 0o755 });
    return directory;
  }

  it('that is missing, from the path and from JAVA_HOME', () => {
    const onPath = failure(() => checkJava({ PATH: directory }));
    expect(onPath).toMatchObject({ exitCode: 1, message: 'Spark needs Java 17, and there is none' });
    expect(onPath.hint).toBeDefined();
    const named = failure(() => checkJava({ PATH: '/usr/bin', JAVA_HOME: directory }));
    expect(named.where).toEqual([`JAVA_HOME is ${directory}`]);
  });

  it('that is too old, and one that is not', () => {
    const environment = { PATH: '/usr/bin:/bin', JAVA_HOME: javaThatSays('openjdk version "11.0.2"') };
    expect(failure(() => checkJava(environment)).message).toMatch(/needs Java 17 or newer; .* is version 11$/);
    writeFileSync(join(directory, 'bin/java'), `#!/bin/sh\necho 'openjdk version "21.0.2"' >&2\n`, { mode: 0o755 });
    expect(checkJava(environment)).toBe(21);
  });
});

describe('what to install', () => {
  it.each([
    ['PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', 'debian'],
    ['ID=ubuntu\nID_LIKE=debian\n', 'debian'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
    ['ID=alpine\n', 'alpine'],
    ['ID=something\n', 'other'],
  ] as const)('%j', (release, system) => {
    expect(systemOf(release)).toBe(system);
  });

  it('is a command of that system', () => {
    expect(packageHint('java', 'debian')).toContain('apt install openjdk-17-jre-headless');
    expect(packageHint('venv', 'debian')).toBe('apt install python3-venv');
    expect(packageHint('maven', 'macos')).toBe('brew install maven');
  });
});

describe('ports', () => {
  const ANY = { master: 0, masterUi: 0, workerUi: 0, connect: 0, ui: 0 };

  it('0 is a free one, and all are different', async () => {
    const { workerUis, ...ports } = await choosePorts(ANY, 3);
    const all = [...workerUis, ...Object.values(ports)];
    expect(new Set(all).size).toBe(7);
    expect(all.every((port) => port > 1023)).toBe(true);
    expect(await answers(ports.connect)).toBe(false);
  });

  it.each([
    ['connect', '--connect-port'],
    ['masterUi', '--master-ui-port'],
    ['workerUi', '--worker-ui-port'],
  ] as const)('of %s that is in use is refused, and %s named', async (name, flag) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    expect(await answers(port)).toBe(true);
    const message = `port ${port} is in use; choose another with ${flag} <port>, 0 for any free one`;
    await expect(choosePorts({ ...ANY, [name]: port }, 1)).rejects.toThrow(message);
    server.close();
  });

  it('each worker has its page, as far as there are ports', async () => {
    const { workerUis } = await choosePorts({ ...ANY, workerUi: 28_740 }, 3);
    expect(workerUis).toEqual([28_740, 28_741, 28_742]);
    await expect(choosePorts({ ...ANY, workerUi: 65_535 }, 2)).rejects.toThrow('there is no port 65536');
  });
});

describe('memory', () => {
  const GIBIBYTE = 1024 ** 3;

  it('grows with the workers', () => {
    const [one, two] = [1, 2].map((workers) => memoryNeed({ ...DEFAULT_SIZE, workers }));
    expect(two!.least).toBeGreaterThan(one!.least);
    expect(one!.atWork).toBeGreaterThan(one!.least + GIBIBYTE);
  });

  it('too little is refused, scarce is said, enough is silent', () => {
    const small = failure(() => checkMemory(DEFAULT_SIZE, 0.5 * GIBIBYTE));
    expect(small.message).toBe('0.5 GiB of memory are free, and this cluster needs 1.1 GiB');
    expect(failure(() => checkMemory({ ...DEFAULT_SIZE, workers: 4 }, GIBIBYTE)).hint).toBe('--workers 1');
    expect(checkMemory(DEFAULT_SIZE, 1.5 * GIBIBYTE)).toMatch(/^1\.5 GiB of memory are free; .* may take 2\.\d GiB/);
    expect(checkMemory(DEFAULT_SIZE, 8 * GIBIBYTE)).toBeUndefined();
  });
});

describe('directories', () => {
  it('are in the cache of the user', () => {
    expect(defaultClusterDirectory({ HOME: '/home/ada' })).toBe('/home/ada/.cache/millrace/spark');
    expect(defaultClusterDirectory({ HOME: '/home/ada', XDG_CACHE_HOME: '/var/cache/ada' })).toBe(
      '/var/cache/ada/millrace/spark',
    );
    expect(defaultClusterDirectory({ HOME: '/home/ada', XDG_CACHE_HOME: 'relative' })).toBe(
      '/home/ada/.cache/millrace/spark',
    );
  });

  it('this is a checkout, and an installed package is none', () => {
    expect(findCheckout()).toBe(new URL('../../..', import.meta.url).pathname.replace(/\/$/, ''));
    expect(findCheckout('/usr/lib/node_modules/millrace/dist/spark')).toBeUndefined();
  });

  it('an environment without Spark in it has no home', () => {
    expect(sparkHomeOf(directory)).toBeUndefined();
    const home = join(directory, 'lib/python3.12/site-packages/pyspark');
    mkdirSync(join(home, 'bin'), { recursive: true });
    expect(sparkHomeOf(directory)).toBeUndefined();
    writeFileSync(join(home, 'bin/spark-class'), '');
    expect(sparkHomeOf(directory)).toBe(home);
  });
});

describe('the connector', () => {
  const step = createStep(() => {}, new AbortController().signal);

  it('is the newest jar, and not what it was before its libraries were put in', () => {
    mkdirSync(join(directory, 'target'));
    expect(findJar(directory)).toBeUndefined();
    for (const [at, name] of [
      'spark-amqp-0.2.0.jar',
      'spark-amqp-0.1.0.jar',
      'original-spark-amqp-0.2.0.jar',
    ].entries()) {
      writeFileSync(join(directory, 'target', name), '');
      utimesSync(join(directory, 'target', name), 2000 + at, 2000 + at);
    }
    expect(findJar(directory)).toBe(join(directory, 'target/spark-amqp-0.1.0.jar'));
  });

  it('that is given is taken, if it is there; an installed program has none of its own', async () => {
    const file = join(directory, 'mine.jar');
    const given = { given: file, checkout: undefined };
    await expect(ensureConnectorJar(given, step)).rejects.toMatchObject({ exitCode: 4 });
    writeFileSync(file, '');
    expect(await ensureConnectorJar(given, step)).toBe(file);
    await expect(ensureConnectorJar({ given: undefined, checkout: undefined }, step)).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('--jar'),
    });
  });
});

describe('what is started', () => {
  const settings = {
    directory: clusterDirectory('/cluster of ada'),
    sparkHome: '/spark',
    python: '/python',
    ports: { master: 1, masterUi: 2, workerUis: [3, 4], connect: 5, ui: 6 },
    size: { workers: 2, cores: 3, memoryMebibytes: 700 },
    token: 'a secret',
    environment: {
      PATH: '/bin',
      SPARK_HOME: '/other',
      SPARK_MASTER_PORT: 'tcp://1',
      PYSPARK_PYTHON: '/no',
      SPARKLE: '1',
    },
  };

  it('has nothing of another Spark in its environment', () => {
    const { environment } = masterComponent(settings);
    expect(environment).toMatchObject({ PATH: '/bin', SPARKLE: '1', SPARK_HOME: '/spark', PYSPARK_PYTHON: '/python' });
    expect(environment).not.toHaveProperty('SPARK_MASTER_PORT');
    expect(Number.parseInt(environment.SPARK_DAEMON_MEMORY ?? '', 10)).toBeGreaterThanOrEqual(450);
  });

  it('stays on the loopback address, and takes no other port than it was given', () => {
    const worker = workerComponent({ ...settings, directory: clusterDirectory(directory) }, 1);
    expect(worker.argumentList.join(' ')).toMatch(
      /spark:\/\/127\.0\.0\.1:1 --host 127\.0\.0\.1 --webui-port 4 .*--cores 3 --memory 700m/,
    );
    expect(masterComponent(settings).argumentList).toContain('127.0.0.1');
    expect(masterComponent(settings).environment.SPARK_MASTER_OPTS).toContain('-Dspark.port.maxRetries=0');
    const connect = connectSettings(settings.directory, { ...settings, jar: '/a.jar' });
    expect(connect).toMatchObject({
      'spark.connect.grpc.binding.address': '127.0.0.1',
      'spark.connect.grpc.binding.port': '5',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.port.maxRetries': '0',
      'spark.connect.session.manager.defaultSessionTimeout': '-1',
      'spark.executor.memory': '700m',
      'spark.jars': '/a.jar',
    });
  });

  it('shows the token to nobody: it stands in no argument and no setting', () => {
    const component = connectComponent(settings);
    expect(component.environment.SPARK_CONNECT_AUTHENTICATE_TOKEN).toBe('a secret');
    const connect = connectSettings(settings.directory, { ...settings, jar: '/a.jar' });
    expect(JSON.stringify([component.argumentList, connect])).not.toContain('secret');
  });
});
