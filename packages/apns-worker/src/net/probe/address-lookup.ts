import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { abortable } from './abortable.js'

/**
 * Every address of a host, in the order in which a connection would try them; the host itself, if it is an address.
 * The system's resolver is asked, as it is for a connection; it can not be stopped, only be left alone.
 *
 * @throws what Node's `lookup` throws, with its `code`; the signal's reason
 */
export function lookUpAddresses(host: string, signal: AbortSignal): Promise<readonly string[]> {
  if (isAddress(host)) return Promise.resolve([host])
  return abortable(
    signal,
    () => {},
    (resolve, reject) => {
      lookup(host, { all: true }).then((found) => resolve(found.map(({ address }) => address)), reject)
    },
  )
}

/** Whether a host is an IP address, and not a name. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0
}
