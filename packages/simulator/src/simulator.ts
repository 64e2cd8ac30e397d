import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import {
  CertificateAuthority,
  type ClientCertificate,
  type ClientCertificateOptions,
} from './certificates.js'
import { Conditions, type WaitOptions } from './conditions.js'
import { type Gateway, openGateway } from './gateway/gateway.js'
import { identifier } from './identifier.js'
import { type ResolvedOptions, resolveOptions, type SimulatorOptions, streamLimit } from './options.js'
import { type ProviderCredentials, type ProviderKeyOptions, ProviderKeys } from './provider-keys.js'
import { ProviderTokenVerifier } from './provider-token.js'
import { type Counts, type ReceivedNotification, Recorder } from './received.js'
import type { GoAwayOptions, Rule } from './rule.js'
import { Rules } from './rules.js'
import { type ConnectionContext, ServerConnection } from './server-connection.js'

/** Where the simulator listens, in the form of the library's `environment` option. */
export interface SimulatorEnvironment {
  readonly host: string
  readonly port: number
  /** PEM of the authority that signed the server certificate. */
  readonly ca: string
}

/** A running simulator. */
export interface Simulator extends SimulatorEnvironment, AsyncDisposable {
  /** Host, port and CA together: `new ApnsManager({ environment: apns.environment, … })`. */
  readonly environment: SimulatorEnvironment
  /** A key that may push to everything: `new ApnsManager({ ...apns.credentials, … })`. */
  readonly credentials: ProviderCredentials
  /** The retired gateway and its feedback service, when asked for by the option. It shares the certificates. */
  readonly gateway: Gateway | undefined
  /** What was received, in order: answered, not yet answered, and never answered. */
  readonly received: readonly ReceivedNotification[]
  /** How many of which kind. */
  counts(): Counts
  /** Makes a further provider key. */
  addKey(options?: ProviderKeyOptions): ProviderCredentials
  /** Tokens signed with this key are `InvalidProviderToken` from now on. Throws when there is no such key. */
  revokeKey(keyId: string): void
  /** Refuses every provider token seen so far, default `ExpiredProviderToken`; newly made ones are taken. */
  rejectProviderTokens(reason?: string): void
  /** A client certificate as Apple issues them, signed by the simulator's authority. */
  clientCertificate(options: ClientCertificateOptions): ClientCertificate
  /** Adds a scripted reply behind those that there are; the function returned takes it away. */
  reply(rule: Rule): () => void
  /** Sends GOAWAY on every connection. Each closes when its last stream is answered. */
  goAway(options?: GoAwayOptions): void
  /** Cuts every connection. */
  disconnect(): void
  /** Changes the stream limit, on open connections too. */
  setStreamLimit(limit: number): void
  /**
   * Resolves when so many notifications were received, or when the predicate is true. It is asked again after everything
   * that happens here. Rejects after `timeout` seconds, default 30.
   */
  waitFor(condition: number | ((apns: Simulator) => boolean), options?: WaitOptions): Promise<void>
  /** Stops listening and ends every connection. May be called again. */
  close(): Promise<void>
}

/** Starts an APNs on this machine. The caller closes it. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new LocalSimulator(resolveOptions(options))
  await simulator.listen()
  return simulator
}

class LocalSimulator implements Simulator {
  readonly host: string
  readonly ca: string
  readonly credentials: ProviderCredentials
  port = 0
  gateway: Gateway | undefined
  readonly #options: ResolvedOptions
  readonly #authority: CertificateAuthority
  readonly #keys = new ProviderKeys()
  readonly #verifier = new ProviderTokenVerifier(this.#keys)
  readonly #rules: Rules
  readonly #recorder: Recorder
  readonly #conditions = new Conditions(() => JSON.stringify(this.counts()))
  readonly #connections = new Set<ServerConnection>()
  readonly #sockets = new Set<TLSSocket>()
  readonly #server: tls.Server
  readonly #context: ConnectionContext
  #streamLimit: number
  #connectionCount = 0
  #mostOpenStreams = 0
  #violations = 0
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.host = options.host
    this.#streamLimit = options.streamLimit
    this.#authority = new CertificateAuthority(Date.now())
    this.ca = this.#authority.certificate
    this.credentials = this.#keys.add({ teamId: identifier() })
    this.#rules = new Rules(options.seed)
    for (const rule of options.rules) this.reply(rule)
    this.#recorder = new Recorder(options.record)
    this.#context = this.#makeContext()
    this.#server = this.#makeServer()
  }

  get environment(): SimulatorEnvironment {
    return { host: this.host, port: this.port, ca: this.ca }
  }

  get received(): readonly ReceivedNotification[] {
    return this.#recorder.kept
  }

  counts(): Counts {
    let openStreams = 0
    let maxOpenStreams = this.#mostOpenStreams
    let streamLimitViolations = this.#violations
    for (const connection of this.#connections) {
      openStreams += connection.openStreams
      maxOpenStreams = Math.max(maxOpenStreams, connection.mostOpenStreams)
      streamLimitViolations += connection.streamLimitViolations
    }
    return {
      ...this.#recorder.counts(),
      connections: this.#connectionCount,
      openConnections: this.#connections.size,
      openStreams,
      maxOpenStreams,
      streamLimitViolations,
    }
  }

  addKey(options: ProviderKeyOptions = {}): ProviderCredentials {
    return this.#keys.add({ ...options, teamId: options.teamId ?? this.credentials.teamId })
  }

  revokeKey(keyId: string): void {
    if (!this.#keys.revoke(keyId)) throw new TypeError(`revokeKey: there is no key ${keyId}`)
  }

  rejectProviderTokens(reason = 'ExpiredProviderToken'): void {
    this.#verifier.denyPresented(reason)
  }

  clientCertificate(options: ClientCertificateOptions): ClientCertificate {
    return this.#authority.clientCertificate(options, this.#options.now())
  }

  reply(rule: Rule): () => void {
    return this.#rules.add(rule, this.#options.now())
  }

  goAway(options: GoAwayOptions = {}): void {
    for (const connection of this.#connections) connection.goAway(options)
  }

  disconnect(): void {
    for (const connection of this.#connections) connection.disconnect()
  }

  setStreamLimit(limit: number): void {
    this.#streamLimit = streamLimit('setStreamLimit', limit)
    for (const connection of this.#connections) connection.setStreamLimit(limit)
  }

  waitFor(condition: number | ((apns: Simulator) => boolean), options: WaitOptions = {}): Promise<void> {
    const isMet =
      typeof condition === 'number'
        ? (): boolean => this.#recorder.counts().received >= condition
        : (): boolean => condition(this)
    return this.#conditions.waitFor(isMet, options)
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#options.port, this.host)
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port // It listens on TCP, so this is no path.
    await this.#openGateway()
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #openGateway(): Promise<void> {
    const { host, now, seed, environment, gateway } = this.#options
    if (gateway === undefined) return
    try {
      this.gateway = await openGateway({ host, now, seed, environment, ...gateway }, this.#authority)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  #makeContext(): ConnectionContext {
    const limit = (): number => this.#streamLimit
    return {
      options: this.#options,
      verifier: this.#verifier,
      rules: this.#rules,
      recorder: this.#recorder,
      get streamLimit() {
        return limit()
      },
      changed: () => this.#conditions.changed(),
    }
  }

  #makeServer(): tls.Server {
    const server = tls.createServer({
      ...this.#authority.serverCertificate(),
      ca: this.ca,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2'],
      // A certificate that we did not issue is refused in an answer, which says more than a TLS alert.
      requestCert: true,
      rejectUnauthorized: false,
    })
    server.on('connection', (socket: TLSSocket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('secureConnection', (socket) => this.#onConnection(socket))
    return server
  }

  #onConnection(socket: TLSSocket): void {
    // A client without ALPN gets this far; APNs speaks HTTP/2 only.
    if (socket.alpnProtocol !== 'h2' || this.#closing !== undefined) {
      socket.destroy()
      return
    }
    socket.setNoDelay(true)
    this.#connectionCount += 1
    const connection = new ServerConnection(socket, this.#connectionCount, this.#context, () => {
      this.#connections.delete(connection)
      this.#mostOpenStreams = Math.max(this.#mostOpenStreams, connection.mostOpenStreams)
      this.#violations += connection.streamLimitViolations
      this.#conditions.changed()
    })
    this.#connections.add(connection)
    this.#conditions.changed()
  }

  async #stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.disconnect()
    for (const socket of this.#sockets) socket.destroy()
    await closed
    await this.gateway?.close()
    this.#conditions.abandon('the simulator was closed')
  }
}
