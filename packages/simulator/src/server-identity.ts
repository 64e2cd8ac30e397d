import { CertificateAuthority } from './certificates.js'
import type { BadCertificate } from './connection-rule.js'

const DAY_MS = 86_400_000
const OTHER_HOST = 'api.push.apple.invalid'

/** A server certificate and its key, PEM. */
export interface ServerIdentity {
  readonly cert: string
  readonly key: string
}

/** The certificate that the simulator shows: a good one, or one with this fault. `now` is real time, in milliseconds. */
export function serverIdentity(
  authority: CertificateAuthority,
  fault: BadCertificate | undefined,
  now: number,
): ServerIdentity {
  switch (fault) {
    case undefined:
      return authority.serverCertificate()
    case 'expired':
      return authority.serverCertificate({
        notBefore: new Date(now - 2 * DAY_MS),
        notAfter: new Date(now - DAY_MS),
      })
    case 'notYetValid':
      return authority.serverCertificate({
        notBefore: new Date(now + DAY_MS),
        notAfter: new Date(now + 2 * DAY_MS),
      })
    case 'otherHost':
      return authority.serverCertificate({ host: OTHER_HOST })
    case 'untrusted':
      return new CertificateAuthority(now).serverCertificate()
    default:
      return fault satisfies never
  }
}
