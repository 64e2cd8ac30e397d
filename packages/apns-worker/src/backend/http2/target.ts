import type { Credentials } from '../../credentials/credentials.js'
import { proxyFor } from '../../net/proxy/proxy-option.js'
import { secureContextOf } from '../../net/secure-context.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import {
  type CustomEnvironment,
  type Environment,
  PROVIDER_API,
  providerApi,
  type ServiceHosts,
} from '../environment.js'

export { authorityOf } from '../environment.js'

/**
 * Where the provider API of an environment is, or another of Apple's services, the way to it, and the identity to show there.
 *
 * @param proxy the option; see `proxyFor`
 * @throws {TypeError} when `environment.ca` is not PEM, or `proxy` no proxy
 */
export function targetOf(
  environment: Environment,
  credentials: Credentials,
  proxy: unknown,
  hosts: ServiceHosts = PROVIDER_API,
): TlsTarget {
  const target = directTarget(environment, credentials, hosts)
  return { ...target, proxy: proxyFor(proxy, target) }
}

function directTarget(
  environment: Environment,
  credentials: Credentials,
  hosts: ServiceHosts,
): Omit<TlsTarget, 'proxy'> {
  const identity = credentials.kind === 'certificate' ? credentials.tls : undefined
  const { ca, servername, rejectUnauthorized }: Partial<CustomEnvironment> =
    typeof environment === 'string' ? {} : environment
  const secureContext = secureContextOf(ca, identity)
  return { ...providerApi(environment, hosts), servername, secureContext, rejectUnauthorized }
}
