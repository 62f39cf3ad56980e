/**
 * The brokers that durable rows are measured against, each on free ports and with its data in a directory of its own, on
 * the same file system as Millrace's: RabbitMQ from Debian, Apache ActiveMQ Artemis from Maven Central, and mosquitto with
 * persistence (which writes its database now and then and waits for no disk: it shows what not waiting costs).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, hasCommand, Peer, rootDirectory, waitForPort } from './processes.mjs';

const ARTEMIS = join(rootDirectory, '.cache', 'artemis');
const RABBIT = '/usr/lib/rabbitmq/lib';
const INSTALL = 'run node scripts/install-peers.mjs --brokers';

/** Where a program's newest version lies, or a sentence. */
function newest(directory, prefix) {
  if (!existsSync(directory)) return undefined;
  const names = readdirSync(directory).filter((name) => name.startsWith(prefix) && !name.endsWith('.zip'));
  return names.length === 0 ? undefined : join(directory, names.sort().at(-1));
}

/** @returns why the broker cannot be started here, or undefined */
export function missing(name) {
  switch (name) {
    case 'artemis':
      if (newest(ARTEMIS, 'apache-artemis-') === undefined) return `Artemis is not installed: ${INSTALL}`;
      return hasCommand('java') ? undefined : `Java is not installed: ${INSTALL}`;
    case 'rabbitmq':
      return newest(RABBIT, 'rabbitmq_server-') === undefined ? `RabbitMQ is not installed: ${INSTALL}` : undefined;
    default:
      return hasCommand('mosquitto') ? undefined : 'mosquitto is not installed: run node scripts/install-peers.mjs';
  }
}

/** As `artemis create` makes it with its NIO journal, which syncs each batch of records before it answers. */
export async function startArtemis(directory) {
  const home = newest(ARTEMIS, 'apache-artemis-');
  const port = await freePort();
  const instance = join(directory, 'artemis');
  const args = ['create', instance, '--silent', '--name', 'bench', '--user', 'bench', '--password', 'bench'];
  args.push('--allow-anonymous', '--host', '127.0.0.1', '--default-port', String(port), '--nio', '--no-autotune');
  args.push('--no-amqp-acceptor', '--no-mqtt-acceptor', '--no-hornetq-acceptor', '--no-stomp-acceptor', '--no-web');
  args.push('--java-memory', '2G', '--queues', 'bench');
  const created = spawnSync(join(home, 'bin/artemis'), args, { encoding: 'utf8' });
  if (created.status !== 0) throw new Error(`artemis create: ${created.stdout}${created.stderr}`);
  const child = spawn(join(instance, 'bin/artemis'), ['run'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const version = `Artemis ${home.split('apache-artemis-')[1]}`;
  const peer = new Peer('artemis', version, child, { amqp: port, mqtt: port });
  await waitForPort(peer, port, 60_000);
  return peer;
}

/** A durable classic queue and publisher confirms: what its AMQP 1.0 and MQTT plugins make of durable messages. */
export async function startRabbit(directory) {
  const home = newest(RABBIT, 'rabbitmq_server-');
  const base = join(directory, 'rabbitmq');
  mkdirSync(base);
  const [amqp, mqtt, names, distribution] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const file = (name, text) => {
    writeFileSync(join(base, name), text);
    return join(base, name);
  };
  const definitions = file(
    'definitions.json',
    JSON.stringify({
      vhosts: [{ name: '/' }],
      users: [{ name: 'guest', password: 'guest', tags: 'administrator' }],
      permissions: [{ user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
      queues: [{ name: 'bench', vhost: '/', durable: true, auto_delete: false, arguments: {} }],
    }),
  );
  const configuration = [`listeners.tcp.1 = 127.0.0.1:${amqp}`, `mqtt.listeners.tcp.1 = 127.0.0.1:${mqtt}`];
  configuration.push('mqtt.allow_anonymous = true', 'mqtt.default_user = guest', 'mqtt.default_pass = guest');
  configuration.push(`load_definitions = ${definitions}`);
  const environment = {
    ...process.env,
    HOME: base,
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_MNESIA_BASE: join(base, 'data'),
    RABBITMQ_LOG_BASE: join(base, 'log'),
    RABBITMQ_PID_FILE: join(base, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[rabbitmq_amqp1_0,rabbitmq_mqtt].\n'),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', `${configuration.join('\n')}\n`),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_DIST_PORT: String(distribution),
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  // Erlang's name server would otherwise be started in the background, and stay.
  const nameServer = new Peer(
    'epmd',
    'epmd',
    spawn('epmd', ['-port', String(names), '-address', '127.0.0.1'], { stdio: ['ignore', 'pipe', 'pipe'] }),
    {},
  );
  const program = join(home, 'sbin/rabbitmq-server');
  const child = spawn(program, [], { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  const peer = new Peer('rabbitmq', `RabbitMQ ${home.split('rabbitmq_server-')[1]}`, child, { amqp, mqtt });
  await waitForPort(peer, mqtt, 90_000);
  peer.pid = Number(readFileSync(join(base, 'pid'), 'utf8'));
  const stop = peer.stop.bind(peer);
  peer.stop = async () => {
    await stop();
    await nameServer.stop();
  };
  return peer;
}

export async function startPersistentMosquitto(directory) {
  const port = await freePort();
  const base = join(directory, 'mosquitto');
  mkdirSync(base);
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'max_queued_messages 0'];
  lines.push('persistence true', `persistence_location ${base}/`, 'autosave_interval 1', 'user root');
  const file = join(base, 'mosquitto.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const said = spawnSync('mosquitto', ['-h'], { encoding: 'utf8' }).stdout.split('\n')[0];
  const version = `mosquitto ${said?.replace(/.*version /, '')} with persistence`;
  const child = spawn('mosquitto', ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const peer = new Peer('mosquitto', version, child, { mqtt: port });
  await waitForPort(peer, port, 10_000);
  return peer;
}
