import { type Environment, providerApi } from '../backend/environment.js'
import type { ChannelManagerOptions } from '../broadcast/channel-manager.js'
import { CHANNEL_HOSTS } from '../broadcast/hosts.js'
import { readSource, type SourceKind } from '../credentials/credential-source.js'
import type { CredentialOptions } from '../credentials/credentials.js'
import type { ApnsManagerOptions } from '../manager-options.js'
import { FailFastBackend, FailFastBroadcastBackend } from './fail-fast-backend.js'

/** A file's path, or what is in it. */
type PathOrContent = string | Uint8Array

export interface ProviderToken {
  /** The `.p8` key: its path, or its content. */
  key: PathOrContent
  keyId: string
  teamId: string
}

/** The options of node-apn's, with its names, units (milliseconds) and defaults; null counts as not given. */
export interface ProviderOptions {
  /** A provider token key; `cert`, `key` and `pfx` count for nothing beside it. */
  token?: ProviderToken | null | undefined
  /** Path or content of a client certificate. Default: `cert.pem`. */
  cert?: PathOrContent | null | undefined
  /** Path or content of its key. Default: `key.pem`. */
  key?: PathOrContent | null | undefined
  /** Paths or contents of authorities to trust. Default: those of Node. */
  ca?: PathOrContent | readonly PathOrContent[] | null | undefined
  /** Path or content of a PKCS#12 file; `cert` and `key` count for nothing beside it. */
  pfx?: PathOrContent | null | undefined
  passphrase?: string | null | undefined
  /** Production if true, otherwise the sandbox. Default: whether NODE_ENV is `production`. */
  production?: boolean | null | undefined
  /** Another host. */
  address?: string | null | undefined
  /** Default: 443. */
  port?: number | string | null | undefined
  /** Another host for requests about channels. */
  manageChannelsAddress?: string | null | undefined
  /** Its port. Default: 2196, and 2195 for the sandbox. */
  manageChannelsPort?: number | string | null | undefined
  /** An HTTP proxy. */
  proxy?: { host: string; port: number | string } | null | undefined
  /** An HTTP proxy for requests about channels; `proxy` is not used for them. */
  manageChannelsProxy?: { host: string; port: number | string } | null | undefined
  /** False takes any certificate of the server's. Default: true. */
  rejectUnauthorized?: boolean | null | undefined
  /** How often a notification is tried again, and how many connections may fail in a row. Default: 3. */
  connectionRetryLimit?: number | null | undefined
  /** Milliseconds of silence before a PING. Default: 60,000. */
  heartBeat?: number | null | undefined
  /** Milliseconds for an answer, from when a request was sent, or for a connection. Default: 5000. */
  requestTimeout?: number | null | undefined
}

export interface MultiProviderOptions extends ProviderOptions {
  /** How many connections there are at most. Default: 2. */
  clientCount?: number | string | null | undefined
}

const HTTPS_PORT = 443
const DEFAULT_RETRIES = 3
const DEFAULT_HEART_BEAT_MS = 60_000
const DEFAULT_REQUEST_TIMEOUT_MS = 5000
const DEFAULT_CLIENT_COUNT = 2
/** Seconds; whoever awaits the answer is not to wait for the hour that the library would go on trying. */
const MAX_RETRY_TIME = 60

const AUTHORITY_SOURCE: SourceKind = {
  pathOption: 'ca',
  contentOption: 'ca',
  noun: 'a certificate authority',
  notFound: 'CERTIFICATE_FILE_NOT_FOUND',
  unreadable: 'CERTIFICATE_FILE_UNREADABLE',
}

/**
 * The library's options for these.
 *
 * @throws {TypeError} for a token without `keyId` or `teamId`, and for other values of which nothing can be made
 * @throws {CredentialError} for an authority's file that can not be read
 */
export function managerOptions(options: ProviderOptions): ApnsManagerOptions {
  return {
    backend: FailFastBackend,
    ...credentialsFrom(options),
    environment: environmentFrom(options),
    ...proxyFrom(options.proxy),
    ...patienceFrom(options),
    maxRetryTime: MAX_RETRY_TIME,
    pingInterval: seconds('heartBeat', options.heartBeat ?? DEFAULT_HEART_BEAT_MS),
    // Each bad token is its caller's own business.
    badTokenLimit: Number.POSITIVE_INFINITY,
  }
}

/** The same for broadcasts, which node-apn sends to the host for notifications. */
export function broadcastOptions(options: ProviderOptions): ApnsManagerOptions {
  return { ...managerOptions(options), backend: FailFastBroadcastBackend, broadcastHost: 'api' }
}

/** The same for requests about channels. */
export function channelOptions(options: ProviderOptions): ChannelManagerOptions {
  const patience = patienceFrom(options)
  return {
    ...credentialsFrom(options),
    environment: channelEnvironmentFrom(options),
    ...proxyFrom(options.manageChannelsProxy),
    ...patience,
    // As long as that many attempts take, without an answer to any.
    timeout: Math.min(MAX_RETRY_TIME, patience.requestTimeout * patience.maxAttempts),
  }
}

function proxyFrom(proxy: ProviderOptions['proxy']): { proxy?: string } {
  return proxy ? { proxy: `http://${proxy.host}:${proxy.port}` } : {}
}

function patienceFrom(options: ProviderOptions): {
  readonly maxAttempts: number
  readonly requestTimeout: number
  readonly connectTimeout: number
} {
  const requestTimeout = seconds('requestTimeout', options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS)
  const maxAttempts = 1 + (options.connectionRetryLimit ?? DEFAULT_RETRIES)
  return { maxAttempts, requestTimeout, connectTimeout: requestTimeout }
}

/**
 * @throws {TypeError} for no number of 1 or more
 */
export function clientCountFrom({ clientCount }: MultiProviderOptions): number {
  const count = Math.trunc(Number(clientCount ?? DEFAULT_CLIENT_COUNT))
  if (count >= 1 && count !== Number.POSITIVE_INFINITY) return count
  throw new TypeError(`clientCount is ${String(clientCount)}; give a number of connections`)
}

function credentialsFrom({ token, cert, key, pfx, passphrase }: ProviderOptions): CredentialOptions {
  if (token) {
    const { keyId, teamId } = token
    for (const [name, value] of Object.entries({ keyId, teamId })) {
      if (typeof value !== 'string' || value === '')
        throw new TypeError(`token.${name} is missing, or no string`)
    }
    return { ...source('key', token.key), keyId, teamId }
  }
  const secret = passphrase ? { passphrase } : {}
  if (pfx) return { ...source('pfx', pfx), ...secret }
  return { ...source('cert', cert ?? 'cert.pem'), ...source('key', key ?? 'key.pem'), ...secret }
}

function source(name: 'key' | 'cert' | 'pfx', value: PathOrContent): CredentialOptions {
  return isContent(value) ? { [name]: value } : { [`${name}Path`]: value }
}

function isContent(value: PathOrContent): boolean {
  return typeof value !== 'string' || value.includes('-----BEGIN ')
}

function environmentFrom({
  production,
  address,
  port,
  ca,
  rejectUnauthorized,
}: ProviderOptions): Environment {
  const host = address || providerApi(namedEnvironment(production)).host
  const custom = {
    host,
    port: Number(port ?? HTTPS_PORT),
    ca: authoritiesFrom(ca),
    rejectUnauthorized: rejectUnauthorized ?? undefined,
  }
  const isPlain = custom.port === HTTPS_PORT && custom.ca === undefined && custom.rejectUnauthorized !== false
  for (const name of ['production', 'sandbox'] as const) {
    if (isPlain && host === providerApi(name).host) return name
  }
  return custom
}

function channelEnvironmentFrom(options: ProviderOptions): Environment {
  const { manageChannelsAddress, manageChannelsPort, rejectUnauthorized } = options
  const name = namedEnvironment(options.production)
  const ca = authoritiesFrom(options.ca)
  const isApples = !manageChannelsAddress && !manageChannelsPort
  if (isApples && ca === undefined && rejectUnauthorized !== false) return name
  const place = CHANNEL_HOSTS[name]
  return {
    host: manageChannelsAddress || place.host,
    channelPort: Number(manageChannelsPort ?? place.port),
    ca,
    rejectUnauthorized: rejectUnauthorized ?? undefined,
  }
}

function namedEnvironment(production: ProviderOptions['production']): 'production' | 'sandbox' {
  const isProduction =
    production === undefined ? process.env['NODE_ENV'] === 'production' : production === true
  return isProduction ? 'production' : 'sandbox'
}

function authoritiesFrom(ca: ProviderOptions['ca']): (string | Uint8Array)[] | undefined {
  if (ca === undefined || ca === null) return undefined
  const list = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca
  if (list.length === 0) return undefined
  return list.map((each) => {
    if (isContent(each)) return each
    return readSource(AUTHORITY_SOURCE, String(each), undefined)?.bytes ?? each
  })
}

function seconds(name: string, milliseconds: number): number {
  if (milliseconds === 0) return Number.POSITIVE_INFINITY
  if (milliseconds > 0) return milliseconds / 1000
  throw new TypeError(`${name} is ${String(milliseconds)}; give milliseconds`)
}
