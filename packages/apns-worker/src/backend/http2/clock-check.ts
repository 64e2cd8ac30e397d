import type { Failure } from '../../error.js'
import type { Logger } from '../../logger.js'

/** By how much the clocks may differ before anybody hears of it. */
const TOLERANCE_MS = 60_000
const HOUR_MS = 3_600_000

/**
 * Compares this machine's clock with the `date` of the server's answers (RFC 9110, section 6.6.1): a clock that is wrong
 * shows as provider tokens that are refused as expired, or are said to be updated too often.
 */
export class ClockCheck {
  readonly #logger: Logger
  #skewMs = 0
  #warnedAtMs = Number.NEGATIVE_INFINITY

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * An answer came with this date.
   *
   * @param sentAtMs when its request was sent: the date lies between that and now, if both clocks are right
   */
  heard(date: string, sentAtMs: number, nowMs: number): void {
    const skewMs = clockSkewMs(date, sentAtMs, nowMs)
    if (skewMs === undefined) return
    this.#skewMs = skewMs
    if (this.words === undefined || nowMs - this.#warnedAtMs < HOUR_MS) return
    this.#warnedAtMs = nowMs
    this.#logger.warn(
      `this machine's clock is ${this.words} the server's: set it, or provider tokens may be refused`,
    )
  }

  /** The failure, with what is known of the clock. */
  explain(failure: Failure): Failure {
    if (this.words === undefined) return failure
    const description = `${failure.description} This machine's clock is ${this.words} the server's.`
    return { ...failure, description }
  }

  /** By how much the clock was wrong at the last answer, such as "3 minutes behind"; undefined while it is not. */
  get words(): string | undefined {
    return clockSkewWords(this.#skewMs)
  }
}

/**
 * By how many milliseconds this machine's clock is ahead of the server's, at least; negative when it is behind. Undefined
 * for a date that is none.
 */
export function clockSkewMs(date: string, sentAtMs: number, nowMs: number): number | undefined {
  const serverMs = Date.parse(date)
  if (Number.isNaN(serverMs)) return undefined
  // The date has whole seconds.
  return serverMs > nowMs ? nowMs - serverMs : Math.max(0, sentAtMs - serverMs - 1000)
}

/** A skew such as "3 minutes behind"; undefined for one that is not worth a word. */
export function clockSkewWords(skewMs: number): string | undefined {
  if (Math.abs(skewMs) <= TOLERANCE_MS) return undefined
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'} ${skewMs < 0 ? 'behind' : 'ahead of'}`
}
