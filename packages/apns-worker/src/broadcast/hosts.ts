import {
  type CustomEnvironment,
  checkedEnvironment,
  type Environment,
  PROVIDER_API,
  type ServiceHosts,
} from '../backend/environment.js'
import { targetOf } from '../backend/http2/target.js'
import type { Credentials } from '../credentials/credentials.js'
import { describeValue } from '../describe-value.js'
import type { TlsTarget } from '../net/tls-connect.js'

/**
 * Where broadcasts are sent: `api-broadcast` or `api`, the hosts `api-broadcast[.sandbox].push.apple.com` and
 * `api[.sandbox].push.apple.com`; or another one.
 */
export type BroadcastHost = 'api-broadcast' | 'api' | CustomEnvironment

/**
 * Apple's page "Sending broadcast push notification requests to APNs" names one kind of host in its text, and the other in
 * its examples.
 */
export const BROADCAST_API: ServiceHosts = {
  production: { host: 'api-broadcast.push.apple.com', port: 443 },
  sandbox: { host: 'api-broadcast.sandbox.push.apple.com', port: 443 },
}
const BROADCAST_HOSTS: Readonly<Record<'api-broadcast' | 'api', ServiceHosts>> = {
  'api-broadcast': BROADCAST_API,
  api: PROVIDER_API,
}

/** Source: Apple, "Sending channel management requests to APNs". */
export const CHANNEL_HOSTS: ServiceHosts = {
  production: { host: 'api-manage-broadcast.push.apple.com', port: 2196 },
  sandbox: { host: 'api-manage-broadcast.sandbox.push.apple.com', port: 2195 },
}

/**
 * Where broadcasts of an environment are sent. A custom environment is its own host, unless the option names another.
 *
 * @throws {TypeError} when the option is no host
 */
export function broadcastService(
  environment: Environment,
  option: unknown = 'api-broadcast',
): { readonly environment: Environment; readonly hosts: ServiceHosts } {
  if (option === 'api-broadcast' || option === 'api') return { environment, hosts: BROADCAST_HOSTS[option] }
  if (option !== null && typeof option === 'object')
    return { environment: checkedEnvironment(option), hosts: PROVIDER_API }
  throw new TypeError(
    `broadcastHost is ${describeValue(option)}; it is 'api-broadcast', 'api', or { host, port, ca } for another server`,
  )
}

/**
 * Where requests about the channels of an environment go.
 *
 * @param proxy the option; see `proxyFor`
 * @throws {TypeError} when `environment.ca` is not PEM, or `proxy` no proxy
 */
export function channelTarget(environment: Environment, credentials: Credentials, proxy: unknown): TlsTarget {
  const place =
    typeof environment === 'string'
      ? environment
      : { ...environment, port: environment.channelPort ?? CHANNEL_HOSTS.production.port }
  return targetOf(place, credentials, proxy, CHANNEL_HOSTS)
}
