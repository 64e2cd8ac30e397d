import type { Logger } from '../logger.js'
import type { PushCertificate } from './push-certificate.js'

export const DAY_MS = 86_400_000
/** Apple sends its own reminder thirty days ahead, to the account's address. */
export const WARN_BEFORE_MS: number = 30 * DAY_MS

/** Says in time that a client certificate expires: from thirty days before, once a day. */
export class ExpiryWarning {
  readonly #certificate: PushCertificate
  readonly #logger: Logger
  #warnAfterMs: number

  constructor(certificate: PushCertificate, logger: Logger) {
    this.#certificate = certificate
    this.#logger = logger
    this.#warnAfterMs = certificate.validTo.getTime() - WARN_BEFORE_MS
  }

  /** Warns, if it is time to. Call it whenever a connection is opened. */
  check(nowMs: number): void {
    if (nowMs < this.#warnAfterMs) return
    this.#warnAfterMs = nowMs + DAY_MS
    const { subject, validTo } = this.#certificate
    const leftMs = validTo.getTime() - nowMs
    const when = leftMs < 0 ? 'has expired' : `expires in ${Math.floor(leftMs / DAY_MS)} days`
    this.#logger.warn(
      `the client certificate (${subject}) ${when}, on ${validTo.toISOString().slice(0, 10)}: renew it at developer.apple.com`,
    )
  }
}
