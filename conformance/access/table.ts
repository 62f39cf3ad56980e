/**
 * Who may do what over which protocol: the expected answers, as data. Whoever runs it starts a server with `USERS` and
 * `ADDRESSES` (and `JOB`), tries each case as its identity and compares. Cases are made from rights, not written one by one,
 * so a right that a protocol forgets shows up as a difference.
 */

export type Protocol = 'amqp' | 'mqtt' | 'http' | 'amqp-websocket' | 'mqtt-websocket';
export const PROTOCOLS: readonly Protocol[] = ['amqp', 'mqtt', 'http', 'amqp-websocket', 'mqtt-websocket'];

/**
 * `send`, `receive`: of one message. `subscribe`: the answer to the wish to receive, nothing more (SUBACK, attach).
 * `retain`, `will`: MQTT's. `relay`: AMQP's sender without target. `browse`, `purge`, `declare`, `look`, `remove`: REST's,
 * and `v3-…` the same over `$address`. `reply`: to the temporary queue of a client of `admin`'s.
 */
export type Operation =
  | 'connect'
  | 'send'
  | 'relay'
  | 'retain'
  | 'will'
  | 'subscribe'
  | 'share'
  | 'reply'
  | 'steal-temporary'
  | 'browse'
  | 'purge'
  | 'look'
  | 'declare'
  | 'remove'
  | 'v3-look'
  | 'v3-declare'
  | 'run-job'
  | 'manage-users'
  | 'status';

export const PASSWORD = 'a-password-for-tests';

type Verb = 'send' | 'recv' | 'view' | 'manage';

export interface Identity {
  readonly name: string;
  /** What it says; undefined: nothing at all. */
  readonly password: string | undefined;
  readonly connects: boolean;
  readonly rights: readonly { readonly verbs: readonly Verb[]; readonly addresses: readonly string[] }[];
}

const ALL: readonly Verb[] = ['send', 'recv', 'view', 'manage'];

/** Those that exist are made from `connects` ones; the others are tried all the same. */
export const IDENTITIES: readonly Identity[] = [
  { name: 'admin', password: PASSWORD, connects: true, rights: [{ verbs: ALL, addresses: ['#'] }] },
  {
    name: 'device-1',
    password: PASSWORD,
    connects: true,
    rights: [
      { verbs: ['send'], addresses: ['devices/${user}/#'] },
      { verbs: ['recv'], addresses: ['commands/${user}'] },
    ],
  },
  {
    name: 'reader',
    password: PASSWORD,
    connects: true,
    rights: [{ verbs: ['recv'], addresses: ['devices/+/temperature'] }],
  },
  { name: 'viewer', password: PASSWORD, connects: true, rights: [{ verbs: ['view'], addresses: ['#'] }] },
  {
    name: 'team',
    password: PASSWORD,
    connects: true,
    rights: [
      { verbs: ALL, addresses: ['team/#'] },
      { verbs: ['view', 'manage'], addresses: ['job/team'] },
    ],
  },
  { name: 'responder', password: PASSWORD, connects: true, rights: [{ verbs: ['send'], addresses: ['$temporary/#'] }] },
  { name: 'nothing', password: PASSWORD, connects: true, rights: [] },
  { name: 'disabled', password: PASSWORD, connects: false, rights: [{ verbs: ALL, addresses: ['#'] }] },
  { name: 'admin', password: 'wrong', connects: false, rights: [] },
  { name: 'unknown', password: PASSWORD, connects: false, rights: [] },
  { name: 'admin', password: '', connects: false, rights: [] },
  { name: '', password: undefined, connects: false, rights: [] },
];

/** Documents to apply before the run. */
export const ADDRESSES = {
  'devices/device-1/temperature': 'topic',
  'devices/device-2/temperature': 'topic',
  'commands/device-1': 'queue',
  'commands/device-2': 'queue',
  'team/in': 'queue',
  'team/out': 'queue',
  secret: 'queue',
} as const;

/** Filters to subscribe to beside the addresses themselves; over AMQP they are sources of topics. */
export const FILTERS: readonly string[] = [
  '#',
  '+',
  '+/+',
  'devices/#',
  'devices/+/temperature',
  'devices/device-1/#',
  'devices/+/#',
  'commands/+',
  'team/#',
  'team/+',
  '+/in',
];

export const JOB = 'INSERT INTO `team/out` SELECT body FROM STREAM `team/in`';

/** Which operations a protocol has. */
const OPERATIONS: Readonly<Record<Protocol, readonly Operation[]>> = (() => {
  const amqp: Operation[] = [
    'connect',
    'send',
    'relay',
    'subscribe',
    'reply',
    'steal-temporary',
    'v3-look',
    'v3-declare',
  ];
  const mqtt: Operation[] = ['connect', 'send', 'retain', 'will', 'subscribe', 'share'];
  const http: Operation[] = [
    'connect',
    'send',
    'browse',
    'purge',
    'look',
    'declare',
    'remove',
    'run-job',
    'manage-users',
    'status',
  ];
  return { amqp, mqtt, http, 'amqp-websocket': amqp, 'mqtt-websocket': mqtt };
})();

export interface AccessCase {
  readonly protocol: Protocol;
  readonly identity: Identity;
  readonly operation: Operation;
  /** An address, a topic or a filter; '' where the operation has none. */
  readonly address: string;
  readonly allowed: boolean;
}

/** Addresses and filters of an operation; those without are asked once. */
function targetsOf(operation: Operation): readonly string[] {
  switch (operation) {
    case 'connect':
    case 'status':
    case 'manage-users':
    case 'run-job':
    case 'reply':
    case 'steal-temporary':
      return [''];
    case 'subscribe':
    case 'share':
      return [...Object.keys(ADDRESSES), ...FILTERS];
    case 'declare':
    case 'v3-declare':
      return [...Object.keys(ADDRESSES), 'team/new', 'new'];
    default:
      return Object.keys(ADDRESSES);
  }
}

/** What each operation asks for, as docs/reference/security.md has it. */
function isAllowed(identity: Identity, operation: Operation, address: string): boolean {
  if (!identity.connects) return false;
  const may = (verb: Verb, target: string) => holds(identity, verb, target);
  switch (operation) {
    case 'connect':
      return true;
    case 'send':
    case 'relay':
    case 'retain':
    case 'will':
      return may('send', address);
    case 'subscribe':
    case 'share':
    case 'browse':
      return may('recv', address);
    case 'reply':
      return may('send', '$temporary/1/1');
    case 'steal-temporary':
      return false;
    case 'look':
    case 'v3-look':
      return may('view', address);
    case 'purge':
    case 'declare':
    case 'remove':
    case 'v3-declare':
      return may('manage', address);
    case 'run-job':
      return may('manage', 'job/team') && may('recv', 'team/in') && may('send', 'team/out');
    case 'manage-users':
      return may('manage', '#');
    case 'status':
      return may('view', '#');
  }
}

/** Said once more and simply, apart from the server's own: every name that the filter could mean, one by one. */
function holds({ name, rights }: Identity, verb: Verb, address: string): boolean {
  const patterns = rights
    .filter(({ verbs }) => verbs.includes(verb))
    .flatMap(({ addresses }) => addresses.map((pattern) => pattern.replaceAll('${user}', name)));
  return namesOf(address).every((one) => patterns.some((pattern) => matches(pattern, one)));
}

/** `x` stands for what no pattern names; six levels are deeper than any pattern here. */
function namesOf(filter: string): readonly string[] {
  const levels = filter.split('/').map((level) => (level === '+' ? 'x' : level));
  if (levels.at(-1) !== '#') return [levels.join('/')];
  const before = levels.slice(0, -1);
  const deeper = Array.from({ length: 6 }, (_, depth) => [...before, ...Array<string>(depth).fill('x')].join('/'));
  return deeper.filter((name) => name !== '');
}

function matches(pattern: string, name: string): boolean {
  const wanted = pattern.split('/');
  const levels = name.split('/');
  if (/^[+#]$/.test(wanted[0]!) && name.startsWith('$')) return false;
  const open = wanted.at(-1) === '#';
  const fixed = open ? wanted.slice(0, -1) : wanted;
  if (open ? levels.length < fixed.length : levels.length !== fixed.length) return false;
  return fixed.every((level, index) => level === '+' || level === levels[index]);
}

export function accessCases(): readonly AccessCase[] {
  const cases: AccessCase[] = [];
  for (const protocol of PROTOCOLS) {
    for (const identity of IDENTITIES) {
      for (const operation of identity.connects ? OPERATIONS[protocol] : (['connect'] as const)) {
        for (const address of targetsOf(operation)) {
          cases.push({ protocol, identity, operation, address, allowed: isAllowed(identity, operation, address) });
        }
      }
    }
  }
  return cases;
}

/** The users as documents, administrators first. */
export function userDocuments(): readonly object[] {
  const names = new Set<string>();
  return IDENTITIES.filter(({ name, connects }) => connects || name === 'disabled')
    .filter(({ name }) => !names.has(name) && names.add(name) !== undefined)
    .map(({ name, password, rights, connects }) => ({
      apiVersion: 'millrace.dev/v1',
      kind: 'User',
      metadata: { name },
      spec: { authentication: { type: 'password', password }, enabled: connects, permissions: rights },
    }));
}

/** Ways around it, one by one, each with what must come of it. The runner knows how each is done. */
export const BYPASSES = [
  {
    name: 'a subscription to # where only devices/+/temperature is allowed',
    protocol: 'mqtt',
    outcome: 'not-authorized',
  },
  { name: '$share/g/# where # is not allowed', protocol: 'mqtt', outcome: 'not-authorized' },
  {
    name: '$share/devices/+/temperature/# where the group looks like an allowed filter',
    protocol: 'mqtt',
    outcome: 'not-authorized',
  },
  { name: 'a will to a forbidden topic', protocol: 'mqtt', outcome: 'nothing is sent' },
  { name: 'a retained message to a forbidden topic', protocol: 'mqtt', outcome: 'not-authorized, nothing is retained' },
  {
    name: 'a topic alias that was made for an allowed topic',
    protocol: 'mqtt',
    outcome: 'the right of the topic it is given',
  },
  { name: 'the client identifier of another user', protocol: 'mqtt', outcome: 'refused, the other goes on' },
  { name: 'a client identifier of # for ${clientId}', protocol: 'mqtt', outcome: 'the pattern stands for nothing' },
  { name: 'the anonymous relay with a forbidden to', protocol: 'amqp', outcome: 'rejected amqp:unauthorized-access' },
  {
    name: 'the container of another user and its durable link name',
    protocol: 'amqp',
    outcome: 'the other keeps its messages',
  },
  { name: 'a receiver on TOPIC::job/NAME', protocol: 'amqp', outcome: 'amqp:unauthorized-access' },
  { name: 'a receiver on the temporary queue of another', protocol: 'amqp', outcome: 'amqp:unauthorized-access' },
  { name: 'attach before SASL is over', protocol: 'amqp', outcome: 'the connection is closed' },
  { name: 'PLAIN with an authorization identity of admin', protocol: 'amqp', outcome: 'SASL outcome auth' },
  {
    name: 'SCRAM with p=tls-unique, with a changed c=, with another nonce',
    protocol: 'amqp',
    outcome: 'SASL outcome auth',
  },
  { name: 'PLAIN in clear from another machine', protocol: 'amqp', outcome: 'not offered, and refused' },
  {
    name: 'a token of alg none, expired, of another audience, signed by HMAC with the public key',
    protocol: 'http',
    outcome: '401',
  },
  { name: 'the same tokens as the password', protocol: 'mqtt', outcome: 'refused' },
  {
    name: 'team%2F..%2Fsecret, %2e%2e, a doubled slash, a doubly encoded name',
    protocol: 'http',
    outcome: '403 or 404',
  },
  { name: 'x-forwarded-user, x-original-url, a second authorization header', protocol: 'http', outcome: '401 or 403' },
  { name: 'a request of another origin with Basic from the browser', protocol: 'http', outcome: '403 foreign-origin' },
  { name: 'a WebSocket of another origin', protocol: 'mqtt-websocket', outcome: '403' },
  { name: 'an address whose deadLetter is secret', protocol: 'http', outcome: '403' },
  { name: 'a job that writes a column address', protocol: 'http', outcome: '403' },
  { name: '__proto__ and constructor in a user document', protocol: 'http', outcome: '422 unsafe-key' },
] as const satisfies readonly { readonly name: string; readonly protocol: Protocol; readonly outcome: string }[];
