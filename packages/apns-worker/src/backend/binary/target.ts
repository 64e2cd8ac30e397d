import type { CertificateCredentials } from '../../credentials/credentials.js'
import { secureContextOf, type TlsTarget } from '../../net/tls-connect.js'
import type { Environment } from '../environment.js'

/** Source: Apple, archived "Binary Provider API". Both services were switched off on 31 March 2021. */
const HOSTS = {
  production: { gateway: 'gateway.push.apple.com', feedback: 'feedback.push.apple.com' },
  sandbox: { gateway: 'gateway.sandbox.push.apple.com', feedback: 'feedback.sandbox.push.apple.com' },
} as const
const GATEWAY_PORT = 2195
const FEEDBACK_PORT = 2196

/**
 * Where the gateway and the feedback service of an environment are, and the identity to show there.
 *
 * @throws {TypeError} when `environment.ca` is not PEM
 */
export function gatewayTargets(
  environment: Environment,
  { tls }: CertificateCredentials,
): { readonly gateway: TlsTarget; readonly feedback: TlsTarget } {
  if (typeof environment === 'string') {
    const common = { servername: undefined, secureContext: secureContextOf(undefined, tls) }
    const { gateway, feedback } = HOSTS[environment]
    return {
      gateway: { ...common, host: gateway, port: GATEWAY_PORT },
      feedback: { ...common, host: feedback, port: FEEDBACK_PORT },
    }
  }
  const { host, port = GATEWAY_PORT, feedbackPort = FEEDBACK_PORT, ca, servername } = environment
  const common = { host, servername, secureContext: secureContextOf(ca, tls) }
  return { gateway: { ...common, port }, feedback: { ...common, port: feedbackPort } }
}
