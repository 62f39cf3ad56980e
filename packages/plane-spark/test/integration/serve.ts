import { startServer } from '@millrace/server';

/** A server as a process that can be killed: `serve.ts CONNECT CHECKPOINTS DATA AMQP-PORT HTTP-PORT`. */
const [connect = '', checkpoints = '', dataDirectory = '', amqpPort, httpPort] = process.argv.slice(2);

startServer({
  amqpPort: Number(amqpPort),
  mqttPort: 0,
  httpPort: Number(httpPort),
  dataDirectory,
  processing: { plane: 'spark', connect, checkpoints },
  log: (line) => console.log(line),
}).then(
  () => console.log('ready'),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
