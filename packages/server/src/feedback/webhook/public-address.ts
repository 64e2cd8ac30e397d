import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** IANA's special-purpose registries of addresses, less those that are reachable from everywhere. */
const REFUSED_V4 = [
  '0.0.0.0/8', // this network; connects to this machine
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by a carrier's customers; clouds have services there
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // the host of a machine in Azure
  '169.254.0.0/16', // link-local; clouds have a machine's credentials there
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocols
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays that are no more
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
]

/** Of IPv6, only what is given out as global is public at all; of that, these are not. */
const GLOBAL_V6 = '2000::/3'
const REFUSED_V6 = [
  '2001::/23', // protocols, Teredo among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address of anybody's
  '3fff::/20', // documentation
]

/** Each has an IPv4 address in its last 32 bits, which is the one that counts: mapped ones, and NAT64 (RFC 6052). */
const EMBEDDING_V6 = ['::ffff:0:0/96', '64:ff9b::/96']

const refusedV4 = listOf(REFUSED_V4, 'ipv4')
const globalV6 = listOf([GLOBAL_V6], 'ipv6')
const refusedV6 = listOf(REFUSED_V6, 'ipv6')
const embeddingV6 = listOf(EMBEDDING_V6, 'ipv6')

/** Whether an address, as the resolver writes it, is reachable from everywhere: neither this machine nor a network of its own. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refusedV4.check(address, 'ipv4')
  // With a zone, it is of one link alone.
  if (!isIPv6(address) || address.includes('%')) return false
  if (embeddingV6.check(address, 'ipv6')) return isPublicAddress(embeddedV4(address))
  return globalV6.check(address, 'ipv6') && !refusedV6.check(address, 'ipv6')
}

/** The last 32 bits, however the address is written. */
function embeddedV4(address: string): string {
  // In the canonical form (RFC 5952) the last two groups are there, or empty where they are zero.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':').slice(-2)
  const [high = 0, low = 0] = groups.map((group) => Number.parseInt(group || '0', 16))
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

function listOf(subnets: readonly string[], type: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/')
    list.addSubnet(network, Number(prefix), type)
  }
  return list
}
