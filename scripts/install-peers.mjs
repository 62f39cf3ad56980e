/**
 * Installs from Debian what the longer suites need beyond npm packages: other people's brokers and clients, and a C
 * compiler for the load generators. Only what is missing, package lists fetched once. Needs apt and root.
 *
 *     node scripts/install-peers.mjs              what the suites need
 *     node scripts/install-peers.mjs --brokers    also RabbitMQ and Apache ActiveMQ Artemis, which the durable rows of the
 *                                                 benchmark are measured against: some 250 MB from Debian, 48 from Maven
 *                                                 (Debian starts RabbitMQ by itself: the benchmark starts its own)
 */
import { spawnSync } from 'node:child_process';
import { installArtemis } from './install-artemis.mjs';

/** What is needed, how to see that it is there, and the package that brings it. */
const PEERS = [
  { title: 'mosquitto', package: 'mosquitto', version: ['mosquitto', '-h'] },
  { title: 'mosquitto_pub, mosquitto_sub', package: 'mosquitto-clients', version: ['mosquitto_pub', '--version'] },
  {
    title: 'Python Proton',
    package: 'python3-qpid-proton',
    version: ['/usr/bin/python3', '-c', 'import proton; print("Proton", ".".join(map(str, proton.VERSION)))'],
  },
  { title: 'C compiler', package: 'gcc', version: ['gcc', '--version'] },
  {
    title: 'C library headers',
    package: 'libc6-dev',
    version: ['sh', '-c', 'test -f /usr/include/stdio.h && echo present'],
  },
  { title: 'make', package: 'make', version: ['make', '--version'] },
];
const BROKERS = [
  {
    title: 'RabbitMQ',
    package: 'rabbitmq-server',
    version: ['dpkg-query', '-W', 'rabbitmq-server'],
  },
  { title: 'Java', package: 'default-jre-headless', version: ['java', '-version'] },
  { title: 'Maven', package: 'maven', version: ['mvn', '-v'] },
  { title: 'unzip', package: 'unzip', version: ['unzip', '-v'] },
];
const withBrokers = process.argv.includes('--brokers');
const wanted = withBrokers ? [...PEERS, ...BROKERS] : PEERS;

const say = (line) => process.stderr.write(`${line}\n`);

/** First line of what the peer says about itself, or undefined when it is not there. */
function versionOf(peer) {
  const [command, ...args] = peer.version;
  const answer = spawnSync(command, args, { encoding: 'utf8' });
  const text = `${answer.stdout ?? ''}${answer.stderr ?? ''}`.trim();
  // mosquitto -h and mosquitto_pub --version end with 1 or 3 though they answer.
  const answered = answer.error === undefined && (answer.status === 0 || /version \d/.test(text));
  return answered ? text.split('\n')[0] : undefined;
}

function complaint() {
  if (spawnSync('apt-get', ['--version']).error !== undefined) return 'there is no apt-get here';
  if (process.getuid?.() !== 0) return 'apt-get needs root: run it with sudo';
  return undefined;
}

function apt(args) {
  const answer = spawnSync('apt-get', ['-qq', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (answer.status !== 0) throw new Error(`apt-get ${args.join(' ')} failed:\n${answer.stderr.trim()}`);
}

function install(packages) {
  const why = complaint();
  if (why !== undefined) throw new Error(`missing: ${packages.join(' ')}. They cannot be installed from here: ${why}.`);
  say('fetching package lists …');
  apt(['update']);
  say(`installing ${packages.join(' ')} …`);
  // A broker that Debian starts by itself would take port 1883.
  apt(['install', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', ...packages]);
}

try {
  const missing = wanted.filter((peer) => versionOf(peer) === undefined);
  if (missing.length > 0) install(missing.map((peer) => peer.package));
  const absent = wanted.filter((peer) => versionOf(peer) === undefined);
  for (const peer of wanted) say(`${peer.title.padEnd(30)} ${versionOf(peer) ?? 'MISSING'}`);
  if (absent.length > 0) throw new Error(`still missing: ${absent.map((peer) => peer.title).join(', ')}`);
  if (withBrokers) say(`${'Artemis'.padEnd(30)} ${installArtemis(say)}`);
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
