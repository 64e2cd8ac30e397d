import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from './public-address.js'

/** The host of the webhook is not one that anybody can reach, and it was not said that it may be another. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError'
  readonly code = 'PRIVATE_ADDRESS'

  constructor(address: string) {
    super(
      `${address} is an address of this machine or of a private network; webhook.allowPrivateAddresses allows it`,
    )
  }
}

export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * Resolves names for a connection, and gives it none but public addresses: what is checked is what is connected to, whatever
 * the name had been resolved to before. An address in the place of a name is not looked up: see {@link checkHost}.
 */
export function publicLookup(resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const allowed = addresses.filter(({ address }) => isPublicAddress(address))
      const [first] = allowed
      if (first === undefined) {
        return callback(new PrivateAddressError(addresses[0]?.address ?? hostname), '', 0)
      }
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family)
    })
  }
}

/** @throws {PrivateAddressError} where the host of a URL is itself an address, and not public */
export function checkHost({ hostname }: URL): void {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw new PrivateAddressError(address)
}
