import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Destination } from './destination.js'

const FAMILY = { 4: 'ipv4', 6: 'ipv6' } as const

/**
 * Whether a `NO_PROXY` list names a destination. There is no standard; this is what most programs understand: entries
 * between commas or spaces, each `*` (everything), a domain (with all names below it, a leading dot or `*.` or not), an
 * IP address, or a range of them (`10.0.0.0/8`); a name or address may have a port behind a colon, and is meant for that
 * one only. What is none of these names nothing.
 */
export function isExempt(noProxy: string, { host, port }: Destination): boolean {
  return noProxy.split(/[\s,]+/).some((entry) => entry !== '' && names(entry.toLowerCase(), host, port))
}

function names(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(entry, host)
  const { place, entryPort } = split(entry)
  if (entryPort !== undefined && entryPort !== port) return false
  if (isIP(host) !== 0 || isIP(place) !== 0) return isSameAddress(place, host)
  const domain = withoutLastDot(place.replace(/^\*?\./, ''))
  const name = withoutLastDot(host.toLowerCase())
  return domain !== '' && (name === domain || name.endsWith(`.${domain}`))
}

/** The port of `host:port` and `[::1]:port`; a bare IPv6 address has colons of its own. */
function split(entry: string): { readonly place: string; readonly entryPort: number | undefined } {
  if (isIPv6(entry)) return { place: entry, entryPort: undefined }
  const { place = entry, port } = /^\[?(?<place>.*?)\]?(?::(?<port>\d+))?$/.exec(entry)?.groups ?? {}
  return { place, entryPort: port === undefined ? undefined : Number(port) }
}

/** An address can be written in many ways. */
function isSameAddress(one: string, other: string): boolean {
  return isInRange(`${one}/${isIPv6(one) ? 128 : 32}`, other)
}

function isInRange(range: string, host: string): boolean {
  const [address = '', bits] = range.split('/')
  const family = familyOf(address)
  const hostFamily = familyOf(host)
  if (family === undefined || hostFamily === undefined || bits === undefined || !/^\d{1,3}$/.test(bits))
    return false
  if (Number(bits) > (family === 'ipv6' ? 128 : 32)) return false
  const list = new BlockList()
  list.addSubnet(address, Number(bits), family)
  return list.check(host, hostFamily)
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  return version === 4 || version === 6 ? FAMILY[version] : undefined
}

function withoutLastDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
