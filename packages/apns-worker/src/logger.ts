/** Where the library says what it does; `console` is one, and so is any logger that takes a message and details. */
export interface Logger {
  debug(message: string, details?: object): void
  info(message: string, details?: object): void
  warn(message: string, details?: object): void
  error(message: string, details?: object): void
}

const silent = (): void => {}

/** Says nothing, except what nobody should miss: a process warning, as Node gives its own. */
export const DEFAULT_LOGGER: Logger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: (message) => process.emitWarning(message, 'ApnsWorkerWarning'),
}

/**
 * Calls a user's function. What it throws, or rejects with, is logged and breaks nothing.
 *
 * @param role the function's name, for the log
 */
export function callSafely<T>(
  callback: (argument: T) => unknown,
  argument: T,
  role: string,
  logger: Logger,
): void {
  const failed = (cause: unknown): void => {
    try {
      logger.error(
        `the ${role} failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
        { cause },
      )
    } catch {
      // A logger that throws has nobody left to tell.
    }
  }
  try {
    const result = callback(argument)
    if (result instanceof Promise) result.catch(failed)
  } catch (cause) {
    failed(cause)
  }
}
