import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ApiClient } from './api-client.js'
import { nonEmpty } from './environment-variable.js'
import { parseServerAddress } from './server-address.js'
import { messageOf, UsageError } from './usage-error.js'

/** What the options that lead to a server gave, by commander's names. */
export interface ServerFlags {
  readonly server?: string
  readonly apiKeyPath?: string
  readonly caPath?: string
}

/** Where a server listens whose configuration does not say. */
const DEFAULT_SERVER = 'http://127.0.0.1:8080'
/** What an `Authorization: Bearer` may hold (RFC 6750, section 2.1), and the server takes. */
const KEY = /^[A-Za-z0-9._~+/=-]{1,512}$/

/** Adds the options that lead to a running server. */
export function addServerFlags(command: Command): Command {
  return command
    .option('--server <url>', `where it listens: http://…, https://… or unix:… (default: ${DEFAULT_SERVER})`)
    .option('--api-key-path <file>', 'a file that holds the API key')
    .option('--ca-path <file>', "certificate authority of the server's certificate, in PEM")
}

/** For `--help`. */
export const SERVER_HELP = `
Environment variables, for what no option gives:
  APNS_WORKER_SERVER, APNS_WORKER_API_KEY (the key itself) or APNS_WORKER_API_KEY_PATH, APNS_WORKER_CA_PATH
There is no option for the key itself: all who may list processes would see it.`

/**
 * What asks the server that options and environment variables name together; what is typed wins.
 *
 * @throws {UsageError} when the address is none, or a file cannot be read
 */
export function clientFrom(flags: ServerFlags, environment: NodeJS.ProcessEnv): ApiClient {
  const variable = nonEmpty(environment['APNS_WORKER_SERVER'])
  const [given, origin] =
    flags.server === undefined ? [variable, 'APNS_WORKER_SERVER'] : [flags.server, '--server']
  const address = parseServerAddress(given ?? DEFAULT_SERVER, origin)
  const caPath = flags.caPath ?? nonEmpty(environment['APNS_WORKER_CA_PATH'])
  const ca = caPath === undefined ? undefined : contentOf(caPath, 'the certificate authority')
  return new ApiClient(address, apiKeyFrom(flags, environment), ca)
}

/**
 * The API key; undefined where none is given, for a server that has none.
 *
 * @throws {UsageError} when it cannot be read, or is none; it is not shown
 */
export function apiKeyFrom(
  { apiKeyPath }: Pick<ServerFlags, 'apiKeyPath'>,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  const fromVariable = nonEmpty(environment['APNS_WORKER_API_KEY'])
  const path =
    apiKeyPath ?? (fromVariable === undefined ? nonEmpty(environment['APNS_WORKER_API_KEY_PATH']) : undefined)
  const key = path === undefined ? fromVariable : contentOf(path, 'the API key')
  if (key === undefined) return undefined
  const trimmed = key.trim()
  if (KEY.test(trimmed)) return trimmed
  throw new UsageError(`${path ?? 'APNS_WORKER_API_KEY'} holds no API key: one is a single word`)
}

function contentOf(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${what}: ${messageOf(error)}`)
  }
}
