import { UsageError } from './usage-error.js'

/** Where a server's API is. */
export interface ServerAddress {
  /** As it was given, for messages. */
  readonly name: string
  readonly isSecure: boolean
  /** Where to connect: a host and its port, or a socket of the file system. */
  readonly target: { readonly host: string; readonly port: number } | { readonly socketPath: string }
  /** What comes before `/v1`, for a server behind a proxy that has others beside it; empty for most. */
  readonly prefix: string
}

const UNIX = 'unix:'
const FORM = 'give http://host:port, https://host:port or unix:/path/of/socket'

/**
 * Reads the address of a server, in the forms in which a server says where it listens.
 *
 * @param origin the option or variable that has it, for messages
 * @throws {UsageError} when it is none
 */
export function parseServerAddress(text: string, origin: string): ServerAddress {
  if (text.startsWith(UNIX)) {
    const socketPath = text.slice(UNIX.length)
    if (socketPath === '') throw new UsageError(`${origin} names no socket: ${FORM}`)
    return { name: text, isSecure: false, target: { socketPath }, prefix: '' }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new UsageError(`${origin} is no address: ${FORM}`)
  // Not shown: whatever is there is a secret.
  if (url.username !== '' || url.password !== '')
    throw new UsageError(`${origin} has a user in it: give the API key by APNS_WORKER_API_KEY instead`)
  if (url.search !== '' || url.hash !== '') throw new UsageError(`${origin} is no address: ${FORM}`)
  const isSecure = url.protocol === 'https:'
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  const prefix = url.pathname.replace(/\/+$/, '')
  // A URL has IPv6 in brackets, a connection has not.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { name: `${url.origin}${prefix}`, isSecure, target: { host, port }, prefix }
}
