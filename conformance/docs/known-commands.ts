/**
 * Every command of every `sh` block in the documentation, and what becomes of it. A command that does not stand here makes
 * the test fail: say here how it ends, or which other test runs it and why this one cannot.
 */

export type Known =
  /** It ends by itself with this exit code. */
  | {
      readonly kind: 'ends';
      readonly code: number;
      readonly says?: RegExp;
      /** Typed before it, the first time. */
      readonly given?: readonly string[];
      /** Clients that still run are ended before it. */
      readonly alone?: true;
    }
  /** It runs until the end of the document, or until the next server starts; then Ctrl-C ends it with 0. */
  | { readonly kind: 'runs'; readonly prints: RegExp | 'nothing'; readonly given?: readonly string[] }
  /** Another test runs it. */
  | { readonly kind: 'elsewhere'; readonly test: string; readonly why: string };

type Given = { readonly given?: readonly string[] };
const done = (more: Given & { says?: RegExp; alone?: true } = {}): Known => ({ kind: 'ends', code: 0, ...more });
const ends = (code: number, says: RegExp): Known => ({ kind: 'ends', code, says });
const asks = (more: Given = {}): Known => ({ kind: 'ends', code: 2, says: /--yes/, ...more });
const prints = (pattern: RegExp, more: Given = {}): Known => ({ kind: 'runs', prints: pattern, ...more });
const quiet = (): Known => ({ kind: 'runs', prints: 'nothing' });
const elsewhere = (test: string, why: string): Known => ({ kind: 'elsewhere', test, why });

const READY = /millrace ready/;
const SPARK_LOCAL = elsewhere('conformance/spark-local.mjs', 'it needs Java and 500 MB of Spark');
const SPARK_DEMO = elsewhere('conformance/spark-demo.mjs', 'it needs Java and 500 MB of Spark');
const SPARK_JOBS = elsewhere('packages/plane-spark/test/integration/run.mjs', 'it needs a Spark that runs');
const CLONE = elsewhere('scripts/start.mjs', 'the checkout that is tested is the clone');
const PUT_ADDRESSES =
  "curl -X PUT -H 'content-type: application/json' --data-binary @addresses/addresses.json http://127.0.0.1:8080/v3/address";
const APPLY_JOB = 'millrace apply -f examples/max-temperature/job.yaml';

const AS_ADMIN = elsewhere(
  'apps/cli/test/users-end-to-end.test.ts',
  'who logs in stands in the environment, which does not stay from one command to the next here',
);

const SEND_41 = `mosquitto_pub -t humidity -m '{"bed":"north","humidity":41.5}'`;
const SEND_38 = `mosquitto_pub -t humidity -m '{"bed":"north","humidity":38}'`;
const SEND_READINGS = `npx millrace publish readings '{"device":"boiler-1","temperature":71}' '{"device":"boiler-2","temperature":97.5}' 'no JSON'`;

const ORDERS = '"apiVersion":"millrace.dev/v1","kind":"Address","metadata":{"name":"orders"},"spec":{"type":"queue"';
/** Three messages whose time was over. */
const DEAD_LETTERS = [
  `echo '{${ORDERS},"ttl":"1ms","expiry":"dead-letters"}}' | millrace apply -f -`,
  "millrace publish orders 'error 1' timeout other",
  'sleep 2',
  `echo '{${ORDERS}}}' | millrace apply -f -`,
];

/** Commands by document; each runs with what those before it left behind. */
export const KNOWN: Readonly<Record<string, Readonly<Record<string, Known>>>> = {
  'README.md': {
    'git clone <this repository> millrace && cd millrace': CLONE,
    // The demo itself; `npm start` around it only installs and builds: conformance/demo.test.ts.
    'npm start': prints(READY),
    'npm test': elsewhere('scripts/test.mjs', 'it is the run of all tests'),
    'mosquitto_pub -t temperature -m 42': done(),
    'node apps/cli/bin/millrace.js serve': prints(READY),
    [PUT_ADDRESSES]: done({ says: /"kind":"AddressList"/ }),
    'node apps/cli/bin/millrace.js apply -f examples/max-temperature/job.yaml': done({
      says: /job\/max-temp\S+ created/,
    }),
    'node apps/cli/bin/amqp-publisher.js 127.0.0.1 5672 temperature': prints(/^\d+$/m),
    'node apps/cli/bin/amqp-receiver.js 127.0.0.1 5672 max': prints(/^\d+$/m),
  },
  'examples/max-temperature/README.md': {
    'npx millrace serve': prints(READY),
    'npx millrace apply -f examples/max-temperature/addresses.yaml -f examples/max-temperature/job.yaml': done(),
    'npx millrace publish temperature --simulate temperature --interval 200ms': quiet(),
    'npx millrace receive max --output json': prints(/"window_start"/),
    'mosquitto_pub -t temperature -m 23': done(),
    'npx amqp-publisher 127.0.0.1 5672 temperature': prints(/^\d+$/m),
    'npx amqp-receiver 127.0.0.1 5672 max': prints(/^\d+$/m),
    [PUT_ADDRESSES]: done({ says: /"kind":"AddressList"/ }),
  },
  'examples/average-by-device/README.md': {
    'npx millrace serve': prints(READY),
    'npx millrace apply -f examples/average-by-device/documents.yaml': done(),
    'npx millrace publish devices/1/temperature --simulate temperature --url mqtt://127.0.0.1 &': quiet(),
    'npx millrace publish devices/2/temperature --simulate temperature --url mqtt://127.0.0.1 &': quiet(),
    'npx millrace receive averages': prints(/"average"/),
  },
  'examples/alarms/README.md': {
    'npx millrace serve': prints(READY),
    'npx millrace apply -f examples/alarms/documents.yaml': done(),
    'npx millrace receive alarms --output json': quiet(),
    [SEND_READINGS]: done({ says: /3 messages accepted/ }),
    'npx millrace get job alarms': done(),
  },
  'docs/guide/first-steps.md': {
    'git clone <this repository> millrace && cd millrace': CLONE,
    'npm install --loglevel=notice && npm run build': elsewhere(
      'scripts/prepare.mjs',
      'this run has installed and built already',
    ),
    'npx millrace serve': prints(READY),
    'npx millrace apply -f greenhouse.yaml': done(),
    [SEND_41]: done(),
    [SEND_38]: done(),
    'python3 send.py': done(),
    'npx millrace receive driest': prints(/south/),
    'npx millrace status': done({ says: /1 of 1 running/ }),
    'npx millrace get jobs': done(),
    'npx millrace describe job driest': done({ says: /Ready\s+True/ }),
    'npx millrace get addresses': done({ says: /humidity/ }),
    'npx millrace browse driest': done(),
    'npx millrace delete job driest --yes': done(),
    'npx millrace delete address humidity driest --yes': done({ alone: true }),
  },
  'docs/guide/spark.md': {
    'npm start -- --processing spark': SPARK_DEMO,
    'npx millrace spark up': SPARK_LOCAL,
    'npx millrace spark status': SPARK_LOCAL,
    'npx millrace serve --processing spark': elsewhere('apps/cli/test/spark-commands.test.ts', 'it needs a Spark'),
    'npx millrace apply -f examples/max-temperature/addresses.yaml -f examples/max-temperature/job.yaml': SPARK_JOBS,
    'npx millrace publish temperature --simulate temperature --interval 200ms': SPARK_JOBS,
    'npx millrace receive max': SPARK_JOBS,
    'npx millrace describe job max-temperature': SPARK_JOBS,
    'npx millrace spark down': SPARK_LOCAL,
    'cd connectors/spark-amqp && mvn -q package -DskipTests': elsewhere(
      'connectors/spark-amqp/run-tests.mjs',
      'it builds the same jar',
    ),
    'npx millrace serve --host 0.0.0.0 --allow-anonymous --processing spark --spark sc://spark:15002 --spark-checkpoints /data/checkpoints --spark-broker-url amqp://millrace:5672':
      elsewhere('apps/cli/test/demo-command.test.ts', 'there is no such machine'),
  },
  'docs/guide/no-results.md': {
    'npx millrace status': done({
      given: [
        'millrace serve',
        `echo '{"apiVersion":"millrace.dev/v1","kind":"Address","metadata":{"name":"input"},"spec":{"type":"queue"}}' | millrace apply -f -`,
        `echo '{"apiVersion":"millrace.dev/v1","kind":"Job","metadata":{"name":"alarms"},"spec":{"sql":"INSERT INTO alarms SELECT body FROM STREAM input"}}' | millrace apply -f -`,
      ],
    }),
    'npx millrace describe job alarms': done(),
    'npx millrace get addresses': done({ says: /RECEIVERS/ }),
    'npx millrace get jobs': done({ says: /BACKLOG/ }),
    'npx millrace apply -f strict.yaml': done(),
    'npx millrace publish readings 21 warm 23': done({ says: /3 messages accepted/ }),
    "sed 's/^spec:$/spec:\\n  onError: skip/' strict.yaml > lenient.yaml": done(),
    'npx millrace apply -f lenient.yaml': done({ says: /job\/strict changed/ }),
    'npx millrace receive doubled --count 2 --for 10s': done(),
  },
  'docs/reference/tls.md': {
    'millrace certificates create': done({ says: /mosquitto_pub/ }),
    'millrace serve --tls-certificate certificates/server.pem --tls-key certificates/server-key.pem --tls-client-authorities certificates/authority.pem':
      elsewhere('conformance/secured.test.ts', 'the ports with TLS are to be free ones'),
    'openssl verify -CAfile certificates/authority.pem certificates/server.pem': done({ says: /server\.pem: OK/ }),
  },
  'docs/guide/backup-and-restore.md': {
    'npx millrace serve --data ./data': prints(READY),
    'npx millrace apply -f readings.yaml': done(),
    'npx millrace publish readings 21 22 23': done({ says: /3 messages accepted/ }),
    'npx millrace backup monday.backup': done({ says: /^saved \d+ records/m }),
    'npx millrace backup "millrace-$(date +%F).backup"': done(),
    'npx millrace restore monday.backup --data ./restored': done({ says: /^restored \d+ records/m }),
    'npx millrace serve --data ./restored': prints(READY),
    'npx millrace browse readings': done({ says: /23/ }),
    'npx millrace store check --data ./data': done({ says: /^sound/m }),
    'npx millrace store dump --data ./data | head': done({ says: /queue readings/ }),
    'npx millrace store repair --data ./data --dry-run': done({ says: /is sound/ }),
  },
  'docs/reference/configuration.md': {
    'millrace config check --config millrace.yaml': done({
      given: ['mkdir documents', 'cp examples/max-temperature/addresses.yaml documents'],
      says: /sound, with 2 documents/,
    }),
    'millrace config show --config millrace.yaml --origin': done({ says: /millrace\.yaml:3:9/ }),
  },
  'docs/guide/run-as-a-service.md': {
    'node scripts/pack.mjs': elsewhere('conformance/pack.mjs', 'it packs, installs, and runs what it has packed'),
    'millrace doctor --config /etc/millrace/millrace.yaml': elsewhere(
      'apps/cli/test/watch-commands.test.ts',
      'this machine has no such file',
    ),
  },
  'docs/reference/metrics.md': {
    'curl http://127.0.0.1:8080/metrics': done({ given: ['millrace serve'], says: /^millrace_ready 1$/m }),
  },
  'docs/guide/users.md': {
    'npx millrace serve --data ./data --apply users.yaml': prints(READY),
    'export MILLRACE_USERNAME=admin MILLRACE_PASSWORD=change-me-soon': AS_ADMIN,
    'npx millrace get users': AS_ADMIN,
    'npx millrace apply -f viewer.yaml': AS_ADMIN,
    'npx millrace describe user viewer': AS_ADMIN,
    'npx millrace delete user viewer --yes': AS_ADMIN,
  },
  'docs/reference/cli.md': {
    'millrace demo': prints(/\d+ readings/),
    'millrace demo --for 30s --output json > windows.jsonl': done(),
    'millrace demo --protocol mqtt --mqtt-port 2883': prints(/\d+ readings/),
    'millrace demo --processing spark --for 90s': SPARK_DEMO,
    'millrace serve --processing spark --spark sc://127.0.0.1:15002 --spark-checkpoints /data/checkpoints': SPARK_JOBS,
    'millrace serve --data ./data': prints(READY),
    'millrace serve --apply examples/max-temperature/addresses.yaml --apply examples/max-temperature/job.yaml':
      prints(READY),
    'millrace serve --config millrace.yaml --log-format json': prints(READY, {
      given: ["printf 'documents: [examples/max-temperature]\\n' > millrace.yaml"],
    }),
    'millrace config check --config millrace.yaml': done({ says: /sound/ }),
    'millrace config show --config millrace.yaml --origin': done({ says: /millrace\.yaml:1:1/ }),
    'millrace config show -o yaml': done({ says: /^ {2}port: 5672$/m }),
    'millrace publish temperature 23': done({ says: /1 message accepted/ }),
    'millrace publish temperature --simulate temperature --interval 200ms': quiet(),
    'millrace publish alarms --property site=north < alarms.txt': done({
      given: [
        `echo '{"apiVersion":"millrace.dev/v1","kind":"Address","metadata":{"name":"alarms"},"spec":{"type":"queue"}}' | millrace apply -f -`,
        'printf "fire\\nflood\\n" > alarms.txt',
      ],
      says: /2 messages accepted/,
    }),
    'millrace publish devices/1/temperature 21 --url mqtt://127.0.0.1 --qos 1 --retain': done(),
    'millrace receive max --count 3 --for 30s --output json': done({ given: ['millrace publish max 1 2 3'] }),
    'millrace receive max': prints(/^\d+$/m),
    'millrace browse max': done(),
    'millrace browse max --limit 1000 -o jsonl': done(),
    'millrace purge max --dry-run': done({ says: /would delete/ }),
    'millrace purge max --yes': done({ says: /deleted/ }),
    'millrace dead-letters list': done({ given: DEAD_LETTERS }),
    "millrace dead-letters list --filter 'body~error' -o jsonl": done({ says: /"body":"error 1"/ }),
    'millrace dead-letters redrive --dry-run': done({ says: /would send 3 messages/ }),
    "millrace dead-letters redrive --filter 'body~timeout' --rate 100 --yes": done({ says: /1 message sent/ }),
    "millrace dead-letters discard --filter 'time<2026-01-01' --dry-run": ends(4, /no message/),
    'millrace dead-letters discard --yes': done({ says: /deleted 2 messages/ }),
    [APPLY_JOB]: done({ says: /job\/max-temperature/ }),
    'millrace apply -f addresses.yaml -f job.yaml --dry-run': done({
      given: ['cp examples/max-temperature/addresses.yaml examples/max-temperature/job.yaml .'],
      says: /dry run/,
    }),
    'millrace apply -f documents --set field --prune --dry-run': done({
      given: ['mkdir documents', 'cp examples/max-temperature/addresses.yaml documents'],
      says: /dry run/,
    }),
    'millrace diff -f examples/max-temperature': done(),
    'millrace diff -f documents --set field --prune': done({ says: /~ address\/max/ }),
    'millrace get addresses': done({ says: /temperature/ }),
    "millrace get addresses --filter 'stored>100' --sort -stored --columns name,stored --limit 10": done(),
    'millrace get job max-temperature -o yaml': done({ says: /^kind: Job$/m }),
    'millrace get connections -o wide': done({ says: /PROTOCOL/ }),
    'millrace describe job max-temperature': done({ says: /INSERT INTO max/ }),
    'millrace delete job max-temperature': asks(),
    'millrace delete address temperature max --yes': done({
      given: ['millrace delete job max-temperature --yes'],
      alone: true,
    }),
    'millrace pause max-temperature': done({
      given: ['millrace apply -f examples/max-temperature/addresses.yaml', APPLY_JOB],
      says: /paused/,
    }),
    'millrace resume max-temperature': done({ says: /resumed/ }),
    'millrace status': done({ says: /ready/ }),
    // The server that had it was ended when the next one began.
    'millrace store check --data ./data': done({ says: /^sound/m }),
    'millrace store check ./data -o json': done({ says: /"sound": true/ }),
    'millrace store dump --data ./data | head': done(),
    'millrace store dump ./data -o jsonl --bodies > records.jsonl': done(),
    'millrace store repair --data ./data --dry-run': done({ says: /is sound/ }),
    'millrace store repair --data ./data --yes': done({ says: /is sound/ }),
    'millrace certificates create ./broker --host broker.example.com': done({ says: /broker\.example\.com/ }),
    'millrace certificates create ./certificates --client sensor-7': done({ says: /user sensor-7/ }),
    'millrace backup monday.backup': done({
      given: ['millrace serve --data ./kept', 'millrace apply -f examples/max-temperature/addresses.yaml', APPLY_JOB],
      says: /^saved/m,
    }),
    'millrace backup - | gzip > monday.backup.gz': done({ says: /^saved/m }),
    'millrace restore monday.backup --data ./restored': done({ says: /^restored/m }),
    'gunzip < monday.backup.gz | millrace restore - --data ./unpacked': done({ says: /^restored/m }),
    'millrace top --count 1': done({ says: /rates over the last/ }),
    'millrace top --interval 1s --count 3 -o jsonl': done({ says: /"inPerSecond"/ }),
    'millrace flow': done({ says: /job max-temperature/ }),
    'millrace flow -o mermaid > flow.mmd': done(),
    'millrace explain max-temperature': done({ says: /^plan:/m }),
    'millrace preview max-temperature --rows 3 --for 20s': done({ says: /nothing was consumed/ }),
    'millrace doctor': done({ says: /server: Millrace/ }),
    'millrace doctor --data ./data -o json': done({ says: /"check": "disk"/ }),
    'millrace snippet temperature --lang python': done({ says: /paho/ }),
    'millrace snippet temperature --lang python --protocol amqp': done({ says: /proton/ }),
    'millrace context add field --server http://127.0.0.1:8080': done({ says: /context\/field/ }),
    'millrace context add plant --server https://plant.example:8443 --token-file plant.token': done({
      given: ['echo secret > plant.token'],
      says: /context\/plant created/,
    }),
    'millrace context use field': done({ says: /in use/ }),
    'millrace context list': done({ says: /^\* +field/m }),
    'millrace context delete field': done({ says: /deleted/ }),
    'millrace completion bash > millrace.bash': done(),
    'millrace completion fish > millrace.fish': done(),
    'millrace spark up': SPARK_LOCAL,
    'millrace spark up --workers 2 --cores 1 --memory 512MiB': SPARK_LOCAL,
    'millrace spark up --directory ./spark --master-port 0 --connect-port 0 --ui-port 0': SPARK_LOCAL,
    'millrace spark status': SPARK_LOCAL,
    'millrace spark status -o json': SPARK_LOCAL,
    'millrace spark down': SPARK_LOCAL,
    'amqp-publisher 127.0.0.1 5672 temperature': prints(/^\d+$/m),
    'amqp-receiver 127.0.0.1 5672 max': prints(/^\d+$/m),
  },
};
