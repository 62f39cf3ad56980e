/**
 * A server with TLS, client certificates and users, until Ctrl-C: `node secured-server.mjs DIRECTORY`, where `millrace
 * certificates create DIRECTORY --client ann` has been. Its line on standard output names the ports.
 */
import { join } from 'node:path';
import { startServer } from '../../packages/server/dist/index.js';

const directory = process.argv[2] ?? '.';
const apiVersion = 'millrace.dev/v1';
const user = (name, spec) => ({ apiVersion, kind: 'User', metadata: { name }, spec });
const all = [{ verbs: ['send', 'recv', 'view', 'manage'], addresses: ['#'] }];
const documents = [
  { apiVersion, kind: 'Address', metadata: { name: 'jobs' }, spec: { type: 'queue' } },
  user('ann', { authentication: { type: 'certificate' }, permissions: all }),
  user('bob', {
    authentication: { type: 'password', password: 'hidden' },
    permissions: [{ verbs: ['send', 'recv'], addresses: ['jobs', 'devices/bob/#'] }],
  }),
];

const server = await startServer({
  amqpPort: 0,
  mqttPort: 0,
  httpPort: 'off',
  amqpsPort: 0,
  mqttsPort: 0,
  httpsPort: 0,
  tls: {
    certificate: join(directory, 'server.pem'),
    key: join(directory, 'server-key.pem'),
    clientAuthorities: join(directory, 'authority.pem'),
  },
  prepare: (prepared) => prepared.apply(documents),
  log: (line) => process.stderr.write(`${line}\n`),
});
const ports = Object.fromEntries(server.endpoints.map(({ name, port }) => [name, port]));
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.on('SIGINT', () => void server.close());
process.on('SIGTERM', () => void server.close());
