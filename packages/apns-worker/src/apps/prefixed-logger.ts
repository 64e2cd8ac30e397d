import type { Logger } from '../logger.js'

/** Begins each line with a name. */
export function prefixed(logger: Logger, name: string): Logger {
  const line = (message: string): string => `${name}: ${message}`
  return {
    debug: (message, details) => logger.debug(line(message), details),
    info: (message, details) => logger.info(line(message), details),
    warn: (message, details) => logger.warn(line(message), details),
    error: (message, details) => logger.error(line(message), details),
  }
}
