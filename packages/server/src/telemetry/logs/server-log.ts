import { type Logger, pino, stdSerializers } from 'pino'
import type { ServerConfig } from '../../config/server-config.js'
import { errorFacts } from './error-facts.js'
import { redact } from './redaction.js'

const STANDARD_OUTPUT = 1
const SECRETS = [
  'authorization',
  'passphrase',
  'password',
  'secret',
  'key',
  'cert',
  'pfx',
  'payload',
  'tokens',
]

/** Where lines go; each ends in a line feed. */
export interface LogDestination {
  write(line: string): void
}

/**
 * The server's log: a JSON object a line, with tokens shortened and secrets redacted, whoever wrote them into it.
 *
 * @param destination default: standard output, at once, so that the last words of a process are kept
 */
export function createServerLog(
  level: ServerConfig['log']['level'],
  destination: LogDestination = pino.destination({ dest: STANDARD_OUTPUT, sync: true }),
): Logger {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[redacted]' },
      serializers: { ...stdSerializers, err: errorFacts, error: errorFacts, cause: errorFacts },
    },
    { write: (line) => destination.write(redact(line)) },
  )
}
