import { stringify } from 'yaml'
import type { AppConfig, PostgresOutboxConfig, ServerConfig, WebhookConfig } from './server-config.js'

/** What is there in a secret's place. */
export const HIDDEN = '(hidden)'

type Plain =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Plain[]
  | { readonly [key: string]: Plain }

/** The options of an app that may be shown; any other, be it of a later version, is hidden. */
const SHOWN_OPTIONS: ReadonlySet<string> = new Set([
  'topic',
  'environment',
  'keyId',
  'teamId',
  'broadcastHost',
  'maxConnections',
  'connectTimeout',
  'requestTimeout',
  'maxAttempts',
  'retryDelay',
  'maxRetryDelay',
  'maxRetryTime',
  'pingInterval',
  'pingTimeout',
  'maxConnectionAge',
  'maxConnectionRequests',
  'idleTimeout',
  'idleConnections',
  'badTokenLimit',
])

/** The name of a database, in its URL. */
const DATABASE = /^(?:\/[\w.-]{0,63})?$/

/** The configuration as it counts, in YAML, for logs: every secret is hidden, and durations are in seconds. */
export function configText(config: ServerConfig): string {
  return stringify(redactedConfig(config), { lineWidth: 0 })
}

/** The same as an object, with the keys of the file. */
export function redactedConfig(config: ServerConfig): { readonly [key: string]: Plain } {
  const { listen, limits, worker, retention } = config
  return defined({
    listen:
      'path' in listen
        ? `unix:${listen.path}`
        : `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`,
    tls: config.tls && { cert: HIDDEN, key: HIDDEN },
    role: config.role,
    outbox: config.outbox && shownOutbox(config.outbox),
    store:
      config.outbox === undefined
        ? { path: config.store.path, durability: config.store.durability }
        : undefined,
    apps: config.apps.map(shownApp),
    apiKeys: config.apiKeys.map(({ name, scopes, apps }) => ({ name, hash: HIDDEN, scopes, apps })),
    limits: {
      bodySize: limits.bodyBytes,
      tokensPerRequest: limits.tokensPerRequest,
      pendingTokens: limits.pendingTokens,
      storeSize: limits.storeBytes,
      connections: limits.connections,
      requestTimeout: limits.requestTimeoutMs / 1000,
    },
    worker: { owner: worker.owner, lease: worker.leaseMs / 1000, windowTokens: worker.windowTokens },
    retention: { finished: retention.finishedMs / 1000, idempotency: retention.idempotencyMs / 1000 },
    webhook: config.webhook && shownWebhook(config.webhook),
    drainTimeout: config.drainTimeoutMs / 1000,
    log: { level: config.log.level },
    readyFile: config.readyFile,
  })
}

function shownApp({ name, options, fleetConnections }: AppConfig): Plain {
  const shown = Object.entries(options).map(([option, value]: [string, unknown]): [string, Plain] => [
    option,
    SHOWN_OPTIONS.has(option) ? shownValue(value) : HIDDEN,
  ])
  return defined({ name, ...Object.fromEntries(shown), fleetConnections })
}

/** Texts, numbers, and the environment's host without its authority, which is long and no help. */
function shownValue(value: unknown): Plain {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value === null || typeof value !== 'object') return undefined
  const entries = Object.entries(value).map(([key, each]): [string, Plain] => [
    key,
    key === 'ca' ? HIDDEN : shownValue(each),
  ])
  return defined(Object.fromEntries(entries))
}

/** The way of a webhook's URL, and what is before the host, is often a secret of its own. */
function shownWebhook({ url, allowPrivateAddresses, batchSize, timeoutMs }: WebhookConfig): Plain {
  return {
    url: `${new URL(url).origin}/${HIDDEN}`,
    secret: HIDDEN,
    allowPrivateAddresses,
    batchSize,
    timeout: timeoutMs / 1000,
  }
}

function shownOutbox(outbox: PostgresOutboxConfig): Plain {
  const { url, failoverUrls, ca, maxConnections, statementTimeoutMs, connectTimeoutMs } = outbox
  return defined({
    url: shownDatabase(url),
    failoverUrls: failoverUrls.length === 0 ? undefined : failoverUrls.map(shownDatabase),
    ca: ca && HIDDEN,
    maxConnections,
    statementTimeout: statementTimeoutMs / 1000,
    connectTimeout: connectTimeoutMs / 1000,
  })
}

/** Without user, password and parameters. What is no plain name may be a part of a password that was not written as it has to be. */
function shownDatabase(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${DATABASE.test(pathname) ? pathname : `/${HIDDEN}`}`
}

function defined(object: { readonly [key: string]: Plain }): { readonly [key: string]: Plain } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
