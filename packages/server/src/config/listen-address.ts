import { BlockList, isIP } from 'node:net'
import { resolve } from 'node:path'
import type { ServerConfig } from './server-config.js'

const UNIX = 'unix:'
/** `sun_path` of Linux, without its final zero; macOS has four less. */
const MAX_SOCKET_BYTES = 103
const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * @param folder where the path of a socket starts
 * @returns what is wrong with it, as a text
 */
export function parseListen(listen: string, folder: string): ServerConfig['listen'] | string {
  if (listen.startsWith(UNIX)) {
    const given = listen.slice(UNIX.length)
    if (given === '') return 'names no socket; give unix:/path/of/socket'
    const path = resolve(folder, given)
    const tooLong = Buffer.byteLength(path) > MAX_SOCKET_BYTES
    return tooLong
      ? `has a path of more than ${MAX_SOCKET_BYTES} bytes; sockets need a shorter one`
      : { path }
  }
  const [, inBrackets, bare, digits] = HOST_AND_PORT.exec(listen) ?? []
  const host = inBrackets ?? bare
  if (host === undefined)
    return 'is no address; give host:port such as 127.0.0.1:8080 or [::1]:8080, or unix:/path/of/socket'
  const port = Number(digits)
  if (port > 65_535) return `has the port ${port}; give one from 1 to 65535, or 0 for any that is free`
  const isHost = inBrackets === undefined ? isIP(host) === 4 || isName(host) : isIP(host) === 6
  return isHost ? { host, port } : 'has no host that can be; give an address or a name, IPv6 in brackets'
}

/** A name whose last part is a number is an address that was mistyped. */
function isName(host: string): boolean {
  return HOST_NAME.test(host) && !/(^|\.)\d+$/.test(host)
}

/** Whether it can be reached from this machine only. */
export function isLocal(listen: ServerConfig['listen']): boolean {
  if ('path' in listen || listen.host === 'localhost') return true
  const family = isIP(listen.host)
  return family !== 0 && LOOPBACK.check(listen.host, family === 6 ? 'ipv6' : 'ipv4')
}
