import { basename } from 'node:path'
import { ApnsManager, CredentialError, type Credentials, type Logger, loadCredentials } from 'apns-worker'
import type { AppFile } from './config-file.js'
import type { Problems } from './problems.js'
import type { ContentReader } from './secret-content.js'
import type { AppConfig } from './server-config.js'
import { type SettingPath, twinOf } from './source-tree.js'

/** How Apple names the file of a provider token key. */
const KEY_FILE_NAME = /^AuthKey_([A-Z0-9]{10})\.p8$/
/** What the library's messages may begin with. */
const OPTIONS: ReadonlySet<string> = new Set([
  'key',
  'keyId',
  'teamId',
  'cert',
  'pfx',
  'passphrase',
  'environment',
  'proxy',
])
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * An app with all that its manager is made of: files are read, and what the library has to say about credentials, proxy
 * and the rest is among the problems.
 */
export function readApp(
  app: AppFile,
  path: SettingPath,
  contents: ContentReader,
  problems: Problems,
): AppConfig | undefined {
  const {
    name,
    keyPath,
    key: _key,
    keyId,
    teamId,
    certPath: _certPath,
    cert: _cert,
    pfxPath: _pfxPath,
    pfx,
    passphrasePath: _passphrasePath,
    passphrase: _passphrase,
    environment,
    proxy,
    topic,
    fleetConnections,
    ...network
  } = app
  const credentials = defined({
    key: contents.text(path, 'key', app),
    keyId: keyId ?? keyIdFrom(keyPath),
    teamId,
    cert: contents.text(path, 'cert', app),
    // A content is base64 already.
    pfx: contents.bytes(path, 'pfx', app)?.toString(pfx === undefined ? 'base64' : 'utf8'),
    passphrase: contents.line(path, 'passphrase', app),
  })
  const options = {
    ...credentials,
    ...network,
    ...defined({ topic }),
    environment:
      typeof environment === 'string'
        ? environment
        : withAuthority(environment, [...path, 'environment'], contents),
    ...(proxy === undefined ? {} : { proxy: withAuthority(proxy, [...path, 'proxy'], contents) }),
  }
  if (problems.has(path)) return undefined
  if (keyId !== undefined && teamId !== undefined && teamId === keyIdFrom(keyPath) && keyId !== teamId) {
    problems.add(
      [...path, 'teamId'],
      'is the id in the name of the key file, which is the key’s: exchange keyId and teamId',
    )
    return undefined
  }
  return attempt(app, path, problems, () => {
    const loaded = loadCredentials(credentials, {
      environment: typeof environment === 'string' ? environment : undefined,
      now: Date.now,
    })
    const ownTopic = topic ?? topicOf(loaded)
    if (ownTopic === undefined) {
      problems.add([...path, 'topic'], "is missing; give the app's bundle id, such as com.example.app")
      return undefined
    }
    const config: AppConfig = {
      name,
      options: { ...options, topic: ownTopic },
      ...defined({ fleetConnections }),
    }
    // It checks all that is left; nothing is connected before there is something to send.
    void new ApnsManager({ ...config.options, logger: SILENT }).close({ timeout: 0 })
    return config
  })
}

function keyIdFrom(keyPath: string | undefined): string | undefined {
  return keyPath === undefined ? undefined : KEY_FILE_NAME.exec(basename(keyPath))?.[1]
}

/** The topic of a certificate that is for one app. */
function topicOf(credentials: Credentials): string | undefined {
  if (credentials.kind === 'token') return undefined
  const { subjectTopic, topics } = credentials.certificate
  return subjectTopic ?? (topics.length === 1 ? topics[0]?.topic : undefined)
}

function withAuthority<Given extends { readonly caPath?: string; readonly ca?: string }>(
  { caPath, ca, ...rest }: Given,
  path: SettingPath,
  contents: ContentReader,
): Omit<Given, 'caPath' | 'ca'> & { readonly ca?: string } {
  return {
    ...rest,
    ...defined({ ca: contents.certificates(path, 'ca', { ca, caPath }) }),
  }
}

/** What the library throws is about one of its options; it begins with its name. */
function attempt(
  app: AppFile,
  path: SettingPath,
  problems: Problems,
  make: () => AppConfig | undefined,
): AppConfig | undefined {
  try {
    return make()
  } catch (cause) {
    if (!(cause instanceof CredentialError) && !(cause instanceof TypeError)) throw cause
    const named = /^[\w.]+/.exec(cause.message)?.[0] ?? ''
    const keys = named.split('.')
    if (keys[0] === undefined || !OPTIONS.has(keys[0])) {
      problems.add(path, `: ${cause.message}`)
      return undefined
    }
    const written = keys.map((key) => (Object.hasOwn(app, twinOf(key)) ? twinOf(key) : key))
    problems.add([...path, ...written], cause.message.slice(named.length).trimStart())
    return undefined
  }
}

function defined<Options extends object>(
  options: Options,
): { [Key in keyof Options]?: Exclude<Options[Key], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  // Only what is undefined is left out.
  return Object.fromEntries(entries) as { [Key in keyof Options]?: Exclude<Options[Key], undefined> }
}
