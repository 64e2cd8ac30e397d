/** Where the library says what it does; `console` is one, and so is any logger that takes a message and details. */
export interface Logger {
  debug(message: string, details?: object): void
  info(message: string, details?: object): void
  warn(message: string, details?: object): void
  error(message: string, details?: object): void
}

const silent = (): void => {}

/** Says nothing, except what nobody should miss: a process warning, as Node gives its own. */
const DEFAULT_LOGGER: Logger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: (message) => process.emitWarning(message, 'ApnsWorkerWarning'),
}

/** A logger that never throws nor rejects, whatever the user's does: a log line is not worth a lost notification. */
export class SafeLogger implements Logger {
  readonly #logger: Logger

  /**
   * @throws {TypeError} for what is no logger
   */
  constructor(logger: Logger = DEFAULT_LOGGER) {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      if (typeof logger?.[level] !== 'function') {
        throw new TypeError(
          `logger has no method ${level}; it has debug, info, warn and error, as console does`,
        )
      }
    }
    this.#logger = logger
  }

  debug(message: string, details?: object): void {
    attempt(() => this.#logger.debug(message, details), silent)
  }

  info(message: string, details?: object): void {
    attempt(() => this.#logger.info(message, details), silent)
  }

  warn(message: string, details?: object): void {
    attempt(() => this.#logger.warn(message, details), silent)
  }

  error(message: string, details?: object): void {
    attempt(() => this.#logger.error(message, details), silent)
  }
}

/**
 * Calls a user's function. What it throws, or rejects with, is logged and breaks nothing.
 *
 * @param role the function's name, for the log
 * @param logger one that does not throw, such as {@link SafeLogger}
 */
export function callSafely<T>(
  callback: (argument: T) => unknown,
  argument: T,
  role: string,
  logger: Logger,
): void {
  attempt(
    () => callback(argument),
    (cause) => {
      const text = cause instanceof Error ? cause.stack : undefined
      logger.error(`the ${role} failed: ${text ?? describeCause(cause)}`, { cause })
    },
  )
}

/** Calls a function, and another with what it throws or what its promise rejects with. */
export function attempt(action: () => unknown, failed: (cause: unknown) => void): void {
  try {
    const result = action()
    if (isThenable(result)) result.then(undefined, failed)
  } catch (cause) {
    failed(cause)
  }
}

/** Any library's promise, not only Node's own. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value !== null && typeof value === 'object' && 'then' in value && typeof value.then === 'function'
}

/** What was thrown, in words; it may be anything. */
export function describeCause(cause: unknown): string {
  if (cause instanceof Error) return cause.message
  try {
    return String(cause)
  } catch {
    return typeof cause
  }
}
