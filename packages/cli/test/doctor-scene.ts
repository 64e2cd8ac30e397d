import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { Simulator } from '@apns-worker/simulator'
import { type Finished, ROOT, run, temporaryDirectory } from './command.js'

export const TOPIC = 'com.example.app'
const place = temporaryDirectory()
let files = 0

/** Puts text into a file of its own, for an option. */
export function fileOf(text: string, extension = 'pem'): string {
  files++
  const path = join(place, `${files}.${extension}`)
  writeFileSync(path, text)
  return path
}

/** The options that lead to a simulator. */
export function placeOf({ host, port, ca }: Pick<Simulator, 'host' | 'port' | 'ca'>): string[] {
  return ['--host', host, '--port', String(port), '--ca', fileOf(ca)]
}

/** The options for a key. */
export function keyOf({ key, keyId, teamId }: Simulator['credentials']): string[] {
  return ['--key', fileOf(key, 'p8'), '--key-id', keyId, '--team-id', teamId, '--topic', TOPIC]
}

/** The options for a certificate. */
export function certificateOf(
  apns: Simulator,
  options: Partial<Parameters<Simulator['clientCertificate']>[0]> = {},
): string[] {
  const { cert, key } = apns.clientCertificate({ topics: [TOPIC], ...options })
  return ['--cert', fileOf(cert), '--key', fileOf(key)]
}

/** Runs the doctor; what differs from run to run has a name in its words. */
export async function doctor(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const finished = await run(['doctor', ...args], { env: { NO_PROXY: '', no_proxy: '', ...env } })
  return { ...finished, stdout: named(finished.stdout) }
}

export function named(text: string): string {
  return text
    .replaceAll(/(127\.0\.0\.1:|localhost:|port )\d{4,5}\b/g, (found) => found.replace(/\d{4,5}$/, 'PORT'))
    .replaceAll(/ in \d+ ms/g, ' in N ms')
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE')
    .replaceAll(/key [A-Z0-9]{10} of team [A-Z0-9]{10}/g, 'key KEY of team TEAM')
    .replaceAll(/\('[^']*\/(\d+\.\w+)'\)/g, "('FILE')")
}

/** Something that listens on 127.0.0.1 until the tests are over. Gives its port. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port // it listens on TCP
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  server.close()
  await once(server, 'close')
  return port
}

const certificate = (name: string): string =>
  readFileSync(join(ROOT, 'packages/apns-worker/test/support/certificates', name), 'utf8')

/** A server of TLS that knows nothing of HTTP/2; and the options that lead to it. */
export async function tlsWithoutAlpn(): Promise<string[]> {
  const [cert, key] = [certificate('localhost.pem'), certificate('localhost.key.pem')]
  const server = createTlsServer({ cert, key }, (socket) => socket.on('error', () => {}).resume())
  return placeOf({ host: '127.0.0.1', port: await listen(server), ca: cert })
}
