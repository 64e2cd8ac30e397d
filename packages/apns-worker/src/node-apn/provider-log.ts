import type { Logger } from '../logger.js'

/** As node-apn takes them: it is called when its property `enabled` is true, as the `debug` package sets it. */
export interface LogFunction {
  (message: string): unknown
  enabled?: boolean
}

const nothing: LogFunction = () => {}

/** Passes what the library logs to the functions that were given last. */
export class ProviderLog implements Logger {
  #routine: LogFunction = nothing
  #trouble: LogFunction = nothing

  /**
   * @throws {TypeError}
   */
  use(routine: LogFunction, trouble: LogFunction = routine): void {
    for (const each of [routine, trouble]) {
      if (typeof each !== 'function') throw new TypeError('a logger is a function that takes a text')
    }
    this.#routine = routine
    this.#trouble = trouble
  }

  debug(message: string): void {
    if (this.#routine.enabled === true) this.#routine(message)
  }

  info(message: string): void {
    this.debug(message)
  }

  warn(message: string): void {
    if (this.#trouble.enabled === true) this.#trouble(message)
  }

  error(message: string): void {
    this.warn(message)
  }
}
