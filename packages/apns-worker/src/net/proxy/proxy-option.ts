import type { CertificateAuthorities } from '../secure-context.js'
import type { Destination } from './destination.js'
import { isExempt } from './no-proxy.js'
import { ProxyServer } from './proxy-server.js'

/** A proxy whose certificate a private authority has signed. */
export interface ProxyOptions {
  /** `http://user:password@host:port`, `https://…`, `socks5://…`, or `'environment'`. */
  readonly url: string | URL
  /** Certificate authorities to trust for an `https` proxy, in PEM; default: those that Node trusts. */
  readonly ca?: CertificateAuthorities | undefined
}

/** How to get to the servers: through the proxy of a URL, or the one that the environment variables name. */
export type ProxyOption = string | URL | ProxyOptions

type Variables = Readonly<Record<string, string | undefined>>

const FROM_ENVIRONMENT = 'environment'

/**
 * The proxy that an option means for a destination; undefined where the way is direct.
 *
 * @param option undefined for none. With `'environment'`, `https_proxy` or `HTTPS_PROXY` names one, unless `no_proxy` or
 *   `NO_PROXY` exempts the destination; of two, the one in small letters counts, as in most programs
 * @throws {TypeError} for what is no proxy, or a destination that can not be asked for; it says what to do, and no password
 */
export function proxyFor(
  option: unknown,
  destination: Destination,
  variables: Variables = process.env,
): ProxyServer | undefined {
  if (option === undefined) return undefined
  const { url, ca } = checked(option)
  const proxy =
    url === FROM_ENVIRONMENT ? fromVariables(variables, destination, ca) : new ProxyServer(url, 'proxy', ca)
  if (ca !== undefined && url !== FROM_ENVIRONMENT && proxy?.scheme !== 'https') {
    throw new TypeError('proxy.ca is for https:// proxies; there is no TLS to this one')
  }
  // What it can not be asked for is found out now, not with each connection.
  proxy?.handshake(destination)
  return proxy
}

function checked(option: unknown): ProxyOptions {
  if (isUrl(option)) return { url: option }
  if (option !== null && typeof option === 'object' && 'url' in option) {
    const { url, ca } = option as { readonly url: unknown; readonly ca?: unknown }
    if (isUrl(url) && isCa(ca)) return { url, ca }
  }
  // It is not shown: there may be a password in it.
  const kind = option === null ? 'null' : typeof option
  throw new TypeError(
    `proxy is not right (${kind}); it is a URL, 'environment', or { url, ca } with certificates in PEM`,
  )
}

function isUrl(value: unknown): value is string | URL {
  return typeof value === 'string' || value instanceof URL
}

function isCa(ca: unknown): ca is CertificateAuthorities | undefined {
  const isPem = (value: unknown): boolean => typeof value === 'string' || value instanceof Uint8Array
  return ca === undefined || isPem(ca) || (Array.isArray(ca) && ca.every(isPem))
}

function fromVariables(
  variables: Variables,
  destination: Destination,
  ca: CertificateAuthorities | undefined,
): ProxyServer | undefined {
  const name = variables['https_proxy'] === undefined ? 'HTTPS_PROXY' : 'https_proxy'
  const value = variables[name]?.trim() ?? ''
  if (value === '' || isExempt(variables['no_proxy'] ?? variables['NO_PROXY'] ?? '', destination)) {
    return undefined
  }
  // Many leave out the scheme there.
  return new ProxyServer(value.includes('://') ? value : `http://${value}`, name, ca)
}
