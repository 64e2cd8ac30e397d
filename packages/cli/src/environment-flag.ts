import { readFileSync } from 'node:fs'
import type { Environment } from 'apns-worker'
import { messageOf, UsageError } from './usage-error.js'

const MAX_PORT = 65_535

/**
 * Reads where to send to: `production`, `sandbox`, or another server as `host:port`.
 *
 * @param caPath PEM file of the certificate authority to trust; for another server only
 * @throws {UsageError}
 */
export function parseEnvironment(text: string, caPath: string | undefined): Environment {
  if (text === 'production' || text === 'sandbox') {
    if (caPath !== undefined) throw new UsageError(`--ca is for another server; ${text} is Apple's own`)
    return text
  }
  const parts = /^(\[[\da-f:.]+\]|[^:/\s]+):(\d+)$/i.exec(text)
  const port = Number(parts?.[2])
  if (parts?.[1] === undefined || port < 1 || port > MAX_PORT) {
    throw new UsageError(
      `--environment is ${text}; it is production, sandbox, or host:port of another server`,
    )
  }
  return {
    host: parts[1].replace(/^\[(.*)\]$/, '$1'),
    port,
    ca: caPath === undefined ? undefined : readCa(caPath),
  }
}

/**
 * Reads the certificate authority of `--ca`.
 *
 * @throws {UsageError}
 */
export function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read --ca: ${messageOf(error)}`)
  }
}
