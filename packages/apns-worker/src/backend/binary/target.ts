import type { CertificateCredentials } from '../../credentials/credentials.js'
import { proxyFor } from '../../net/proxy/proxy-option.js'
import { secureContextOf } from '../../net/secure-context.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import type { Environment } from '../environment.js'

/** Source: Apple, archived "Binary Provider API". Both services were switched off on 31 March 2021. */
const HOSTS = {
  production: { gateway: 'gateway.push.apple.com', feedback: 'feedback.push.apple.com' },
  sandbox: { gateway: 'gateway.sandbox.push.apple.com', feedback: 'feedback.sandbox.push.apple.com' },
} as const
const GATEWAY_PORT = 2195
const FEEDBACK_PORT = 2196

/**
 * Where the gateway and the feedback service of an environment are, the way to them, and the identity to show there.
 *
 * @param proxy the option; see `proxyFor`
 * @throws {TypeError} when `environment.ca` is not PEM, or `proxy` no proxy
 */
export function gatewayTargets(
  environment: Environment,
  credentials: CertificateCredentials,
  proxy: unknown,
): Targets<TlsTarget> {
  const { gateway, feedback } = directTargets(environment, credentials)
  return {
    gateway: { ...gateway, proxy: proxyFor(proxy, gateway) },
    feedback: { ...feedback, proxy: proxyFor(proxy, feedback) },
  }
}

interface Targets<T> {
  readonly gateway: T
  readonly feedback: T
}

function directTargets(
  environment: Environment,
  { tls }: CertificateCredentials,
): Targets<Omit<TlsTarget, 'proxy'>> {
  if (typeof environment === 'string') {
    const common = { servername: undefined, secureContext: secureContextOf(undefined, tls) }
    const { gateway, feedback } = HOSTS[environment]
    return {
      gateway: { ...common, host: gateway, port: GATEWAY_PORT },
      feedback: { ...common, host: feedback, port: FEEDBACK_PORT },
    }
  }
  const { host, port = GATEWAY_PORT, feedbackPort = FEEDBACK_PORT } = environment
  const { ca, servername, rejectUnauthorized } = environment
  const common = { host, servername, secureContext: secureContextOf(ca, tls), rejectUnauthorized }
  return { gateway: { ...common, port }, feedback: { ...common, port: feedbackPort } }
}
