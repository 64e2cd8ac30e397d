import type { Credentials } from '../../credentials/credentials.js'
import { proxyFor } from '../../net/proxy/proxy-option.js'
import { secureContextOf } from '../../net/secure-context.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import type { Environment } from '../environment.js'

/** Source: Apple, "Sending notification requests to APNs". */
const HOSTS = { production: 'api.push.apple.com', sandbox: 'api.sandbox.push.apple.com' } as const
const HTTPS_PORT = 443

/**
 * Where the provider API of an environment is, the way to it, and the identity to show there.
 *
 * @param proxy the option; see `proxyFor`
 * @throws {TypeError} when `environment.ca` is not PEM, or `proxy` no proxy
 */
export function targetOf(environment: Environment, credentials: Credentials, proxy: unknown): TlsTarget {
  const target = directTarget(environment, credentials)
  return { ...target, proxy: proxyFor(proxy, target) }
}

function directTarget(environment: Environment, credentials: Credentials): Omit<TlsTarget, 'proxy'> {
  const identity = credentials.kind === 'certificate' ? credentials.tls : undefined
  if (typeof environment === 'string') {
    const secureContext = secureContextOf(undefined, identity)
    return { host: HOSTS[environment], port: HTTPS_PORT, servername: undefined, secureContext }
  }
  const { host, port = HTTPS_PORT, ca, servername } = environment
  return { host, port, servername, secureContext: secureContextOf(ca, identity) }
}

/** The `:authority` of requests (RFC 9113, section 8.3.1). */
export function authorityOf({ host, port }: Pick<TlsTarget, 'host' | 'port'>): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === HTTPS_PORT ? name : `${name}:${port}`
}
