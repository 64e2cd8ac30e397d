import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** Where a tunnel leads. */
export interface Destination {
  /** A name, which is looked up by the proxy; or an IP address, without brackets. */
  readonly host: string
  readonly port: number
}

/** A host name in text has 253 characters at most; RFC 1928 has room for 255 bytes. */
const MAX_NAME_LENGTH = 255

/**
 * A destination as a proxy is told it: a name is in ASCII.
 *
 * @throws {TypeError} for what is neither a name nor an address
 */
export function tunnelDestination({ host, port }: Destination): Destination {
  // An address with a zone (RFC 4007) means nothing on another machine.
  if (isIP(host) !== 0 && !host.includes('%')) return { host, port }
  // Not left to `domainToASCII`: it passes over much of it.
  const name = /[\s/\\?#@:%[\]\p{Cc}]/u.test(host) ? '' : domainToASCII(host)
  if (name === '' || name.length > MAX_NAME_LENGTH) {
    throw new TypeError(
      `environment.host is ${JSON.stringify(host)}, which no proxy can be asked for; give a host's name or IP address`,
    )
  }
  return { host: name, port }
}
