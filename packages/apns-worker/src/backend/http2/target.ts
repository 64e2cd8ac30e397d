import type { Credentials } from '../../credentials/credentials.js'
import { secureContextOf, type TlsTarget } from '../../net/tls-connect.js'
import type { Environment } from '../environment.js'

/** Source: Apple, "Sending notification requests to APNs". */
const HOSTS = { production: 'api.push.apple.com', sandbox: 'api.sandbox.push.apple.com' } as const
const HTTPS_PORT = 443

/**
 * Where the provider API of an environment is, and the identity to show there.
 *
 * @throws {TypeError} when `environment.ca` is not PEM
 */
export function targetOf(environment: Environment, credentials: Credentials): TlsTarget {
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
