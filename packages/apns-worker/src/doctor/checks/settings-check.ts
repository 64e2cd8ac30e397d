import type { Credentials } from '../../credentials/credentials.js'
import { isTlsRefusal } from '../../net/tls-refusal.js'
import { type Check, type CheckResult, ok, problem } from '../check.js'
import { learned, type ServerContext } from '../context.js'
import { refusalOn } from '../refusal.js'
import { DoctorSession, NoAnswerError, type PeerLimits } from '../session.js'

/** The server's first SETTINGS (RFC 9113 section 3.4): what it allows. */
export const settingsCheck: Check<ServerContext> = {
  name: 'settings',
  needs: ['alpn'],
  async run(context, signal) {
    const session = new DoctorSession(learned(context.tls).socket)
    context.line.hangUp = () => session.close()
    try {
      const limits = await session.settingsReceived(signal)
      return ok(describe(limits), { learned: { session }, facts: factsOf(limits) })
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error
      return failed(context, error)
    }
  },
  late: (_context, seconds) =>
    problem('SETTINGS_TIMEOUT', {
      text: `the server agreed to speak HTTP/2, and said nothing within ${seconds} s`,
      advice: 'Something in between takes connections and leads nowhere, or the server is stuck.',
    }),
}

export function factsOf({ maxConcurrentStreams, maxHeaderListSize }: PeerLimits): {
  maxConcurrentStreams: number | null
  maxHeaderListSize: number | null
} {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
  return {
    maxConcurrentStreams: finite(maxConcurrentStreams),
    maxHeaderListSize: finite(maxHeaderListSize),
  }
}

function describe({ maxConcurrentStreams, maxHeaderListSize }: PeerLimits): string {
  const streams = Number.isFinite(maxConcurrentStreams)
    ? `${maxConcurrentStreams} ${maxConcurrentStreams === 1 ? 'request' : 'requests'} at a time`
    : 'any number of requests at a time'
  // Apple, "Sending notification requests to APNs".
  const more = maxConcurrentStreams === 1 ? ' (more after a valid provider token)' : ''
  const head = Number.isFinite(maxHeaderListSize) ? `, heads of up to ${maxHeaderListSize} bytes` : ''
  return `the server takes ${streams}${more}${head}`
}

function failed({ credentials }: ServerContext, error: NoAnswerError): CheckResult<ServerContext> {
  if (error.reason !== undefined) return problem('REFUSED', refusalOn(0, error.reason))
  if (isTlsRefusal(error.cause)) return certificateRefused(credentials, error)
  return problem('CONNECTION_LOST', {
    text: error.message,
    advice: 'Check host and port. Apple also ends connections for a time when too many are opened.',
  })
}

/** With TLS 1.3 a server looks at the client's certificate when the handshake is over for the client. */
export function certificateRefused(
  credentials: Credentials | undefined,
  { message }: NoAnswerError,
): CheckResult<ServerContext> {
  const advice =
    credentials?.kind === 'certificate'
      ? 'The server does not take the client certificate: it may be revoked, or for another service.'
      : 'The server wants a client certificate.'
  return problem('CLIENT_CERTIFICATE_REFUSED', { text: message, advice })
}
