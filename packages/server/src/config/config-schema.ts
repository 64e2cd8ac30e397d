import Type from 'typebox'
import Value from 'typebox/value'
import type { AppFile, ConfigFile } from './config-file.js'
import { DATABASE_URL } from './outbox-settings.js'
import { count, DAY, duration, filePath, flag, HOUR, MINUTE, secret, size, text } from './setting-kinds.js'
import type { Shape } from './shape.js'

const APP_NAME = '^[A-Za-z0-9._-]{1,64}$'
const TWENTY_DAYS = 20 * DAY
const PORT = { minimum: 1, maximum: 65_535 } as const

const NETWORK = {
  maxConnections: count(
    'Connections at most, of all apps that share them; another is opened when the streams of the others are used up.',
    { minimum: 1, maximum: 1000, default: 8 },
  ),
  connectTimeout: duration('For a connection to be usable: DNS, TCP, proxy, TLS, SETTINGS.', {
    minimum: 0.1,
    maximum: 300,
    default: 10,
  }),
  requestTimeout: duration("For Apple's answer, from when a request was sent.", {
    minimum: 0.1,
    maximum: 600,
    default: 20,
  }),
  maxAttempts: count(
    'How often a notification is sent at most, where Apple says "later" or its fate is unknown.',
    { minimum: 1, maximum: 1000, default: 10 },
  ),
  retryDelay: duration('Before the first retry; doubled each time, and drawn at random up to that.', {
    minimum: 0,
    maximum: HOUR,
    default: 1,
  }),
  maxRetryDelay: duration('Between two retries at most.', { minimum: 0, maximum: DAY, default: 900 }),
  maxRetryTime: duration('How long a notification is retried.', {
    minimum: 0,
    maximum: TWENTY_DAYS,
    default: HOUR,
  }),
  pingInterval: duration('Silence after which a connection is checked.', {
    minimum: 1,
    maximum: DAY,
    default: 600,
  }),
  pingTimeout: duration('For the answer to that check.', { minimum: 0.1, maximum: 300, default: 10 }),
  maxConnectionAge: duration('After which a connection is replaced.', {
    minimum: 1,
    maximum: TWENTY_DAYS,
    default: DAY,
  }),
  maxConnectionRequests: count('Requests after which a connection is replaced.', {
    minimum: 1,
    maximum: 1_000_000_000,
    default: 500_000_000,
  }),
  idleTimeout: duration('Without work, after which connections are closed, all but `idleConnections`.', {
    minimum: 0,
    maximum: TWENTY_DAYS,
    default: 600,
  }),
  idleConnections: count('Connections that stay open while there is nothing to send.', {
    minimum: 0,
    maximum: 1000,
    default: 1,
  }),
  badTokenLimit: count(
    'Device tokens refused as `BadDeviceToken`, with none accepted, before that is taken for a wrong environment and sending stops.',
    { minimum: 1, maximum: 1_000_000, default: 20 },
  ),
}

const HOST = Type.Object({
  host: text("Another server's name or address: a simulator, or a relay.", 'the name or address of a server'),
  port: count('Its port.', { ...PORT, default: 443 }),
  channelPort: Type.Optional(count('Its port for requests about broadcast channels. Default: 2196.', PORT)),
  caPath: Type.Optional(
    filePath('The authority that signed its certificate, in PEM. Default: those that Node trusts.'),
  ),
  ca: Type.Optional(text('The same, as content.', 'a certificate in PEM', { maxLength: 262_144 })),
  servername: Type.Optional(text('The name in its certificate, where it is not the host.', 'a host name')),
})

const PROXY = Type.Object(
  {
    url: secret(
      'The way out: `http://user:password@host:port`, `https://…`, `socks5://…`, or `environment` for what HTTPS_PROXY and NO_PROXY say.',
      'http://host:port, https://host:port, socks5://host:port or environment',
    ),
    caPath: Type.Optional(filePath('The authority of an `https` proxy, in PEM.')),
    ca: Type.Optional(text('The same, as content.', 'a certificate in PEM', { maxLength: 262_144 })),
  },
  { short: 'url' },
)

const APP = Type.Object({
  name: text('What messages call it.', 'a name of 1 to 64 letters, digits, ".", "_" and "-"', {
    pattern: APP_NAME,
  }),
  topic: Type.Optional(
    text(
      "The app's bundle id. Suffixes of push types are added where they are needed. Default: the certificate's, if there is one.",
      'a bundle id such as com.example.app',
      { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$' },
    ),
  ),
  environment: Type.Union(
    [
      Type.Enum(['sandbox', 'production'], {
        description: "Which of Apple's two environments its device tokens are of; or another host.",
        default: 'production',
      }),
      HOST,
    ],
    { default: 'production', give: 'sandbox, production, or { host, port, caPath } for another server' },
  ),
  keyPath: Type.Optional(
    filePath('The provider token key (`.p8`); with `certPath`, the key of the certificate.'),
  ),
  key: Type.Optional(secret('The same, as content.', 'a private key in PEM')),
  keyId: Type.Optional(
    text(
      'Ten characters. Default: from the name of the file, if that is `AuthKey_….p8`.',
      'the ten characters of the key id',
    ),
  ),
  teamId: Type.Optional(text('Ten characters.', 'the ten characters of the team id')),
  certPath: Type.Optional(filePath('The client certificate, with its chain if it has one.')),
  cert: Type.Optional(text('The same, as content.', 'a certificate in PEM', { maxLength: 262_144 })),
  pfxPath: Type.Optional(filePath('A PKCS#12 file: certificate and key in one.')),
  pfx: Type.Optional(secret('The same, as base64.', 'base64 of a PKCS#12 file')),
  passphrase: Type.Optional(secret('Opens the PKCS#12 file, or an encrypted key.', 'a passphrase')),
  passphrasePath: Type.Optional(filePath('A file with the passphrase in it.')),
  proxy: Type.Optional(PROXY),
  broadcastHost: Type.Optional(
    Type.Enum(['api-broadcast', 'api'], {
      description: "Which of Apple's hosts broadcasts are sent to. Default: `api-broadcast`.",
    }),
  ),
  fleetConnections: Type.Optional(
    count(
      'Connections at most, of all workers on a shared outbox together, which divide them; for apps that share connections, the lowest. None: each has up to `maxConnections`.',
      { minimum: 1, maximum: 100_000 },
    ),
  ),
  ...NETWORK,
})

const API_KEY = Type.Object({
  name: text('Whom it was given to; for logs.', 'a name of 1 to 64 letters, digits, ".", "_" and "-"', {
    pattern: APP_NAME,
  }),
  hash: secret('`sha256:` and the SHA-256 of the key in hex.', 'sha256: and 64 hexadecimal digits'),
  scopes: Type.Array(Type.Enum(['send', 'read', 'admin'], { description: '' }), {
    minItems: 1,
    maxItems: 3,
    description: 'What it may do; `admin` has the others in it.',
    give: 'a list of send, read and admin',
  }),
  apps: Type.Union(
    [
      Type.Enum(['all'], {}),
      Type.Array(Type.String({ pattern: APP_NAME, give: 'the name of an app' }), {
        minItems: 1,
        maxItems: 10_000,
      }),
    ],
    {
      default: 'all',
      description: 'For which apps; `all` for all of them.',
      give: 'all, or a list of names of apps',
    },
  ),
})

const OUTBOX = Type.Object(
  {
    url: Type.Optional(
      secret(
        'The database of PostgreSQL where messages are kept, in the place of `store`: servers that name the same one share it.',
        DATABASE_URL,
      ),
    ),
    urlPath: Type.Optional(filePath('A file with the URL in it.')),
    failoverUrls: Type.Optional(
      Type.Array(secret('Another address of the same database.', DATABASE_URL), {
        maxItems: 16,
        secret: true,
        description:
          'Other addresses of it, such as of its replicas; tried in order when the first is not to be had, or is read-only.',
        give: `a list of URLs such as ${DATABASE_URL}`,
      }),
    ),
    caPath: Type.Optional(
      filePath(
        'The authority that signed its certificate, in PEM; with it, the connection is TLS, and checked.',
      ),
    ),
    ca: Type.Optional(text('The same, as content.', 'a certificate in PEM', { maxLength: 262_144 })),
    maxConnections: count('Connections to it that the process has at most.', {
      minimum: 2,
      maximum: 100,
      default: 5,
    }),
    statementTimeout: duration('For a statement to be done.', { minimum: 1, maximum: HOUR, default: 30 }),
    connectTimeout: duration('For a connection to it to be usable.', {
      minimum: 0.1,
      maximum: 300,
      default: 5,
    }),
  },
  { short: 'url' },
)

const SCHEMA = Type.Object({
  listen: text(
    'Where the API is. Any other than a loopback address or a socket needs `apiKeys`.',
    'host:port such as 127.0.0.1:8080, or unix:/path/of/socket',
    { default: '127.0.0.1:8080' },
  ),
  tls: Type.Optional(
    Type.Object({
      certPath: Type.Optional(
        filePath("The API's certificate with its chain, in PEM. Without one it speaks plain HTTP."),
      ),
      cert: Type.Optional(text('The same, as content.', 'a certificate in PEM', { maxLength: 262_144 })),
      keyPath: Type.Optional(filePath('Its private key, in PEM, not encrypted.')),
      key: Type.Optional(secret('The same, as content.', 'a private key in PEM')),
    }),
  ),
  store: Type.Object(
    {
      path: filePath('The data file; two more are beside it while it is open.', {
        default: 'apns-worker.db',
      }),
      durability: Type.Enum(['power-loss', 'crash'], {
        description: 'What 202 promises to outlive: a power loss, or only a crash of the process.',
        default: 'power-loss',
      }),
    },
    { short: 'path' },
  ),
  outbox: Type.Optional(OUTBOX),
  role: Type.Enum(['all', 'api', 'worker'], {
    description: 'What it does: take messages (`api`), send them (`worker`), or both; `--role` wins.',
    default: 'all',
  }),
  apps: Type.Array(APP, {
    minItems: 1,
    maxItems: 10_000,
    description: 'The apps that are sent for.',
    give: 'a list with an entry for each app',
  }),
  apiKeys: Type.Array(API_KEY, {
    maxItems: 10_000,
    default: [],
    description: 'Who may use the API. None: everybody who can reach it.',
    give: 'a list of { name, hash, scopes, apps }',
  }),
  limits: Type.Object({
    bodySize: size('Of a request that is not a streamed list.', {
      minimum: 1024,
      maximum: 1024 ** 3,
      default: 8 * 1024 ** 2,
    }),
    tokensPerRequest: count('Device tokens in the JSON of one request.', {
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
    }),
    pendingTokens: count('Device tokens without an outcome, above which nothing is accepted.', {
      minimum: 1,
      maximum: 10_000_000_000,
      default: 100_000_000,
    }),
    storeSize: size('Of the data file, or of the tables in the database, above which nothing is accepted.', {
      minimum: 1024 ** 2,
      maximum: 1024 ** 4,
      default: 16 * 1024 ** 3,
    }),
    connections: count('Of the API, at a time.', { minimum: 1, maximum: 100_000, default: 1000 }),
    requestTimeout: duration(
      'Until a request has to be there, head and body; streamed lists only have to go on.',
      { minimum: 1, maximum: HOUR, default: 30 },
    ),
  }),
  worker: Type.Object({
    owner: Type.Optional(
      text(
        'Who it is among those that send from one outbox; the same after a restart. Default: `worker`; with `outbox`, the name of the host.',
        'a name of 1 to 64 letters, digits, ".", "_" and "-"',
        { pattern: APP_NAME },
      ),
    ),
    lease: duration('How long a crash goes unnoticed by others that send from the same outbox.', {
      minimum: 1,
      maximum: HOUR,
      default: MINUTE,
    }),
    windowTokens: count('Device tokens that it has in hand at a time, about.', {
      minimum: 100,
      maximum: 10_000_000,
      default: 20_000,
    }),
  }),
  retention: Type.Object({
    finished: duration('How long a finished message is kept, with its outcomes.', {
      minimum: MINUTE,
      maximum: 3650 * DAY,
      default: 7 * DAY,
    }),
    idempotency: duration('How long an `Idempotency-Key` is remembered.', {
      minimum: MINUTE,
      maximum: 365 * DAY,
      default: DAY,
    }),
  }),
  webhook: Type.Optional(
    Type.Object({
      url: secret(
        'Where dead tokens are reported, if anywhere.',
        'a URL that begins with https:// or http://',
      ),
      secret: Type.Optional(
        secret('For the signature; 16 characters and more.', 'a text of 16 characters and more'),
      ),
      secretPath: Type.Optional(filePath('A file with the secret in it.')),
      allowPrivateAddresses: flag('Whether it may be in a private network, or on this machine.', {
        default: false,
      }),
      batchSize: count('Dead tokens in one request.', { minimum: 1, maximum: 10_000, default: 500 }),
      timeout: duration('For its answer.', { minimum: 0.1, maximum: 300, default: 10 }),
    }),
  ),
  drainTimeout: duration('How long a stop waits for what is in flight.', {
    minimum: 0,
    maximum: HOUR,
    default: 30,
  }),
  log: Type.Object({
    level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      description: 'What is logged.',
      default: 'info',
    }),
  }),
  readyFile: Type.Optional(filePath('A file that is there for as long as the server is ready.')),
})

/** What may be in the configuration, key by key. */
export const CONFIG_SHAPE: Shape = SCHEMA

/** Whether this has all that it needs, and nothing that is out of its range. */
export function checkedConfigFile(value: unknown): ConfigFile {
  if (!Value.Check(SCHEMA, value)) throw new Error('the reader and its schema disagree')
  return value
}

/** The same of a single app. */
export function isAppFile(value: unknown): value is AppFile {
  return Value.Check(APP, value)
}
