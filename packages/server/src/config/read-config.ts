import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { createSecureContext } from 'node:tls'
import { readApiKeys } from './api-keys.js'
import { readApp } from './app-credentials.js'
import type { ConfigFile, TlsFile, WebhookFile } from './config-file.js'
import { CONFIG_SHAPE, checkedConfigFile, isAppFile } from './config-schema.js'
import {
  applyVariables,
  CONFIG_VARIABLE,
  errorCode,
  type ReadFile,
  type Variables,
} from './environment-source.js'
import { isLocal, parseListen } from './listen-address.js'
import { outboxFrom, ownerOnHost } from './outbox-settings.js'
import { Problems } from './problems.js'
import { readShape } from './read-shape.js'
import { ContentReader } from './secret-content.js'
import type { ServerConfig, WebhookConfig } from './server-config.js'
import type { SourceMap } from './source-tree.js'
import { readYaml } from './yaml-source.js'

export interface ReadConfigOptions {
  /** The YAML file. Default: what `APNS_WORKER_CONFIG` names, and without that, variables alone. */
  readonly path?: string | undefined
  /** Environment variables; they win over the file. Default: `process.env`. */
  readonly environment?: Variables | undefined
  /** For the file, and all that it names. Default: from the disk. */
  readonly readFile?: ReadFile | undefined
}

/** Shorter ones are guessed. */
const MIN_SECRET_CHARACTERS = 16
/** One process, one file: it needs no other. */
const DEFAULT_OWNER = 'worker'
const HTTP_URL = /^https?:$/

/**
 * Reads the configuration, and all files that it names, and checks what can be checked without the network: credentials
 * too, as the library does.
 *
 * @throws {ConfigError} with all problems at once
 */
export function readConfig({
  path,
  environment = process.env,
  readFile = readFileSync,
}: ReadConfigOptions = {}): ServerConfig {
  const problems = new Problems()
  const file = path ?? (environment[CONFIG_VARIABLE] || undefined)
  const tree = file === undefined ? emptyTree() : treeOf(file, readFile, problems)
  problems.throwIfAny()
  applyVariables(environment, { shape: CONFIG_SHAPE, tree, readFile, problems })
  const written = readShape(CONFIG_SHAPE, tree, [], problems)
  if (!problems.isEmpty) checkSoundApps(written, readFile, problems)
  problems.throwIfAny()
  const config = serverConfig(checkedConfigFile(written), {
    folder: file === undefined ? '.' : dirname(file),
    readFile,
    problems,
    hasStore: tree.entries.has('store'),
  })
  problems.throwIfAny()
  return config
}

/** What is wrong with credentials is said even where the rest of the configuration is not right. */
function checkSoundApps(written: unknown, readFile: ReadFile, problems: Problems): void {
  if (typeof written !== 'object' || written === null || !('apps' in written) || !Array.isArray(written.apps))
    return
  const contents = new ContentReader(readFile, problems)
  for (const [index, app] of written.apps.entries()) {
    const path = ['apps', index]
    if (!problems.has(path) && isAppFile(app)) readApp(app, path, contents, problems)
  }
}

function emptyTree(): SourceMap {
  return { kind: 'map', entries: new Map(), place: { variable: CONFIG_VARIABLE } }
}

function treeOf(file: string, readFile: ReadFile, problems: Problems): SourceMap {
  const place = { file, line: 1, column: 1 }
  try {
    return readYaml(readFile(file).toString('utf8'), file, problems) ?? emptyTree()
  } catch (cause) {
    const code = errorCode(cause)
    problems.add([], code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`, place)
    return emptyTree()
  }
}

interface Context {
  readonly folder: string
  readonly readFile: ReadFile
  readonly problems: Problems
  /** Whether a data file was asked for, and is not only the default. */
  readonly hasStore: boolean
}

function serverConfig(file: ConfigFile, { folder, readFile, problems, hasStore }: Context): ServerConfig {
  const contents = new ContentReader(readFile, problems)
  const listen = parseListen(file.listen, folder)
  if (typeof listen === 'string') problems.add(['listen'], listen)
  else if (!isLocal(listen) && file.apiKeys.length === 0)
    problems.add(
      ['listen'],
      'can be reached from other machines, and there are no apiKeys; add some, or give 127.0.0.1 or a socket',
    )
  if (file.outbox !== undefined && hasStore)
    problems.add(
      ['outbox'],
      'is given, and store as well; messages are kept in one of them: leave store out to share a database, or outbox to keep the file',
    )
  checkAppNames(file, problems)
  const apps = file.apps.map((app, index) => readApp(app, ['apps', index], contents, problems))
  const { limits, worker, retention } = file
  const owner = worker.owner ?? (file.outbox === undefined ? DEFAULT_OWNER : ownerOnHost(hostname()))
  return {
    listen: typeof listen === 'string' ? { path: '' } : listen,
    tls: file.tls && tlsFrom(file.tls, contents, problems),
    role: file.role,
    outbox: file.outbox && outboxFrom(file.outbox, contents, problems),
    store: file.store,
    apps: apps.filter((app) => app !== undefined),
    apiKeys: readApiKeys(file, problems),
    limits: {
      bodyBytes: limits.bodySize,
      tokensPerRequest: limits.tokensPerRequest,
      pendingTokens: limits.pendingTokens,
      storeBytes: limits.storeSize,
      connections: limits.connections,
      requestTimeoutMs: milliseconds(limits.requestTimeout),
    },
    worker: { owner, leaseMs: milliseconds(worker.lease), windowTokens: worker.windowTokens },
    retention: {
      finishedMs: milliseconds(retention.finished),
      idempotencyMs: milliseconds(retention.idempotency),
    },
    webhook: file.webhook && webhookFrom(file.webhook, contents, problems),
    drainTimeoutMs: milliseconds(file.drainTimeout),
    log: file.log,
    readyFile: file.readyFile,
  }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000)
}

function checkAppNames({ apps }: ConfigFile, problems: Problems): void {
  const seen = new Map<string, number>()
  for (const [index, { name }] of apps.entries()) {
    const first = seen.get(name)
    if (first === undefined) seen.set(name, index)
    else problems.add(['apps', index, 'name'], `is ${name}, as that of apps[${first}] is; give each its own`)
  }
}

function tlsFrom(tls: TlsFile, contents: ContentReader, problems: Problems): ServerConfig['tls'] {
  const cert = contents.certificates(['tls'], 'cert', tls)
  const key = contents.text(['tls'], 'key', tls)
  if (problems.has(['tls'])) return undefined
  if (cert === undefined || key === undefined) {
    problems.add(['tls'], 'needs both: certPath and keyPath, or cert and key')
    return undefined
  }
  try {
    createSecureContext({ cert, key })
    return { cert, key }
  } catch {
    problems.add(
      ['tls', tls.key === undefined ? 'keyPath' : 'key'],
      'is not the private key of this certificate, in PEM and not encrypted',
    )
    return undefined
  }
}

function webhookFrom(
  webhook: WebhookFile,
  contents: ContentReader,
  problems: Problems,
): WebhookConfig | undefined {
  const { url, allowPrivateAddresses, batchSize, timeout } = webhook
  const secret = contents.line(['webhook'], 'secret', webhook)
  if (!URL.canParse(url) || !HTTP_URL.test(new URL(url).protocol))
    problems.add(['webhook', 'url'], 'is no URL; give one that begins with https:// or http://')
  if (problems.has(['webhook'])) return undefined
  if (secret === undefined || secret.length < MIN_SECRET_CHARACTERS) {
    const is = secret === undefined ? 'is missing' : 'is too short'
    problems.add(
      ['webhook', 'secret'],
      `${is}; give ${MIN_SECRET_CHARACTERS} characters or more, such as "openssl rand -hex 32" makes`,
    )
    return undefined
  }
  return { url, secret, allowPrivateAddresses, batchSize, timeoutMs: milliseconds(timeout) }
}
