import { type Failure, type LocalReason, localFailure } from '../error.js'
import { ProxyError } from '../net/proxy/proxy-error.js'
import { isTlsRefusal } from '../net/tls-refusal.js'

/**
 * The configuration error that is behind the end of a connection, if one is: another connection would end the same way.
 *
 * @param isProven whether a connection has worked. A certificate or a protocol that fails from then on is the server's
 *   fault, and more likely to pass: retried like any other. A password that a proxy refuses is not, since trying it
 *   again and again may lock its account
 */
export function connectionRefusal(cause: Error, isProven: boolean): Failure | undefined {
  const reason = reasonOf(cause)
  if (reason === undefined || (isProven && reason !== 'ProxyCredentials')) return undefined
  const failure = localFailure(reason, cause)
  return { ...failure, description: `${failure.description} ${cause.message.trim()}.` }
}

function reasonOf(cause: Error): LocalReason | undefined {
  if (!(cause instanceof ProxyError)) return isTlsRefusal(cause) ? 'TlsHandshake' : undefined
  if (cause.code === 'PROXY_CREDENTIALS') return 'ProxyCredentials'
  return cause.code === 'PROXY_TLS' ? 'ProxyTlsHandshake' : undefined
}
