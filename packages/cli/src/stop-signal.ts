import type { ApnsError } from 'apns-worker'
import { EXIT_CODE } from './exit-code.js'

/** Why a sending stops before its end. */
export type StopCause =
  | { readonly kind: 'interrupted' }
  /** What is wrong for every notification: it makes no sense to go on. */
  | { readonly kind: 'configuration'; readonly error: ApnsError }
  /** A failure on this side, such as a full disk. */
  | { readonly kind: 'failed'; readonly error: unknown }

/** Tells a sending to stop, once. */
export class StopSignal {
  readonly #controller = new AbortController()
  #cause: StopCause | undefined

  get cause(): StopCause | undefined {
    return this.#cause
  }

  /** Aborted when the sending is to stop; for what reads or waits. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  stop(cause: StopCause): void {
    if (this.#cause !== undefined) return
    this.#cause = cause
    this.#controller.abort()
  }
}

/**
 * Stops at Ctrl-C (and SIGTERM), and ends the process at once at the second.
 *
 * @param onFirst called at the first
 * @param onSecond called before the process ends, to give the terminal back
 * @returns what ends the watch
 */
export function watchInterrupts(onFirst: () => void, onSecond: () => void): () => void {
  let count = 0
  const interrupted = (): void => {
    count++
    if (count === 1) {
      onFirst()
      return
    }
    onSecond()
    process.exit(EXIT_CODE.interrupted)
  }
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  return () => {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
}
