import type { TLSSocket } from 'node:tls'
import {
  CertificateAuthority,
  type ClientCertificate,
  type ClientCertificateOptions,
} from '../certificates.js'
import { Conditions, type WaitOptions } from '../conditions.js'
import { FeedbackConnection } from './feedback-connection.js'
import { FeedbackList } from './feedback-list.js'
import { GatewayConnection, type GatewayContext } from './gateway-connection.js'
import { type GatewayOptions, type ResolvedGatewayOptions, resolveGatewayOptions } from './options.js'
import {
  type GatewayCounts,
  type GatewayNotification,
  GatewayRecorder,
  type ProtocolError,
} from './received.js'
import type { GatewayRule } from './rule.js'
import { GatewayRules } from './rules.js'
import { TlsService } from './tls-service.js'

/** Where the gateway listens, in the form of the library's `environment` option. */
export interface GatewayEnvironment {
  readonly host: string
  readonly port: number
  readonly feedbackPort: number
  /** PEM of the authority that signed the server certificate. */
  readonly ca: string
}

/** A running gateway with its feedback service: the binary protocol that Apple retired in 2021. */
export interface Gateway extends GatewayEnvironment, AsyncDisposable {
  /** Host, ports and CA together: `new ApnsManager({ environment: gateway.environment, backend: BinaryBackend, … })`. */
  readonly environment: GatewayEnvironment
  /** The notifications that were accepted, in order. */
  readonly received: readonly GatewayNotification[]
  /** Those that were answered by an error response, or with command 0 by the end of the connection. */
  readonly rejected: readonly GatewayNotification[]
  /** Those that were thrown away without a word: they came after a rejected one, or a rule wants it. */
  readonly discarded: readonly GatewayNotification[]
  /** The frames that could not be read. */
  readonly protocolErrors: readonly ProtocolError[]
  /** The tokens that the next reader of the feedback service gets. */
  readonly feedback: readonly string[]
  /** How many of which kind. */
  counts(): GatewayCounts
  /** A client certificate as Apple issues them, signed by the gateway's authority. */
  clientCertificate(options: ClientCertificateOptions): ClientCertificate
  /** Adds a scripted reply behind those that there are; the function returned takes it away. */
  reply(rule: GatewayRule): () => void
  /**
   * Ends every connection to the gateway with status 10 (shutdown), which names the last notification that was accepted on
   * it, or `lastIdent`. Connections that have only sent command 0 end without.
   */
  shutdown(lastIdent?: number): void
  /** Cuts every connection, to the feedback service too. */
  disconnect(): void
  /** Reads nothing from any connection, present or future, until `resume()`. */
  pause(): void
  /** Reads again, also where a rule has stopped it. */
  resume(): void
  /** Puts a token on the feedback list; `when` is a date or milliseconds since 1970, default now. */
  addFeedback(token: string, when?: Date | number): void
  /**
   * Resolves when so many notifications were accepted, or when the predicate is true. It is asked again after everything
   * that happens here. Rejects after `timeout` seconds, default 30.
   */
  waitFor(condition: number | ((gateway: Gateway) => boolean), options?: WaitOptions): Promise<void>
  /** Stops listening and cuts every connection. May be called again. */
  close(): Promise<void>
}

/** Starts a gateway and its feedback service on this machine. The caller closes it. */
export function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  return openGateway(options, new CertificateAuthority(Date.now()))
}

/** The same, with the certificates of somebody else. */
export async function openGateway(
  options: GatewayOptions,
  authority: CertificateAuthority,
): Promise<Gateway> {
  const gateway = new LocalGateway(resolveGatewayOptions(options), authority)
  await gateway.listen()
  return gateway
}

class LocalGateway implements Gateway {
  readonly host: string
  readonly ca: string
  port = 0
  feedbackPort = 0
  readonly #options: ResolvedGatewayOptions
  readonly #authority: CertificateAuthority
  readonly #rules: GatewayRules
  readonly #recorder: GatewayRecorder
  readonly #feedback = new FeedbackList(() => this.#onFeedbackAdded())
  readonly #conditions = new Conditions(() => JSON.stringify(this.counts()))
  readonly #context: GatewayContext
  readonly #connections = new Set<GatewayConnection>()
  readonly #feedbackConnections = new Set<FeedbackConnection>()
  readonly #gatewayService: TlsService
  readonly #feedbackService: TlsService
  #connectionCount = 0
  #feedbackConnectionCount = 0
  #refusedConnections = 0
  #paused = false
  #closing: Promise<void> | undefined

  constructor(options: ResolvedGatewayOptions, authority: CertificateAuthority) {
    this.#options = options
    this.#authority = authority
    this.host = options.host
    this.ca = authority.certificate
    this.#rules = new GatewayRules(options.seed)
    for (const rule of options.rules) this.reply(rule)
    this.#recorder = new GatewayRecorder(options.record)
    this.#context = {
      options,
      rules: this.#rules,
      recorder: this.#recorder,
      feedback: this.#feedback,
      changed: () => this.#conditions.changed(),
    }
    const onRefused = (): void => {
      this.#refusedConnections += 1
      this.#conditions.changed()
    }
    const onGateway = (socket: TLSSocket): void => this.#onConnection(socket)
    const onFeedback = (socket: TLSSocket): void => this.#onFeedbackConnection(socket)
    this.#gatewayService = new TlsService(authority, options, { onConnection: onGateway, onRefused })
    this.#feedbackService = new TlsService(authority, options, { onConnection: onFeedback, onRefused })
  }

  get environment(): GatewayEnvironment {
    return { host: this.host, port: this.port, feedbackPort: this.feedbackPort, ca: this.ca }
  }

  get received(): readonly GatewayNotification[] {
    return this.#recorder.accepted
  }

  get rejected(): readonly GatewayNotification[] {
    return this.#recorder.rejected
  }

  get discarded(): readonly GatewayNotification[] {
    return this.#recorder.discarded
  }

  get protocolErrors(): readonly ProtocolError[] {
    return this.#recorder.protocolErrors
  }

  get feedback(): readonly string[] {
    return this.#feedback.tokens
  }

  counts(): GatewayCounts {
    return {
      ...this.#recorder.counts(),
      connections: this.#connectionCount,
      openConnections: this.#connections.size,
      feedbackConnections: this.#feedbackConnectionCount,
      openFeedbackConnections: this.#feedbackConnections.size,
      refusedConnections: this.#refusedConnections,
    }
  }

  clientCertificate(options: ClientCertificateOptions): ClientCertificate {
    // By real time, as the handshake judges it.
    return this.#authority.clientCertificate(options, Date.now())
  }

  reply(rule: GatewayRule): () => void {
    return this.#rules.add(rule)
  }

  shutdown(lastIdent?: number): void {
    for (const connection of this.#connections) connection.shutdown(lastIdent)
  }

  disconnect(): void {
    for (const connection of this.#connections) connection.disconnect()
    for (const connection of this.#feedbackConnections) connection.disconnect()
  }

  pause(): void {
    this.#paused = true
    for (const connection of this.#connections) connection.pause()
  }

  resume(): void {
    this.#paused = false
    for (const connection of this.#connections) connection.resume()
  }

  addFeedback(token: string, when: Date | number = this.#options.now()): void {
    this.#feedback.add(token, Number(when))
  }

  waitFor(condition: number | ((gateway: Gateway) => boolean), options: WaitOptions = {}): Promise<void> {
    const isMet =
      typeof condition === 'number'
        ? (): boolean => this.#recorder.counts().accepted >= condition
        : (): boolean => condition(this)
    return this.#conditions.waitFor(isMet, options)
  }

  async listen(): Promise<void> {
    try {
      this.port = await this.#gatewayService.listen(this.#options.port, this.host)
      this.feedbackPort = await this.#feedbackService.listen(this.#options.feedbackPort, this.host)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #onConnection(socket: TLSSocket): void {
    this.#connectionCount += 1
    const number = this.#connectionCount
    const conduct = this.#rules.conductOf('gateway', number)
    const connection = new GatewayConnection(socket, number, conduct, this.#context)
    if (this.#paused) connection.pause()
    this.#keep(this.#connections, connection, socket)
  }

  #onFeedbackConnection(socket: TLSSocket): void {
    this.#feedbackConnectionCount += 1
    const conduct = this.#rules.conductOf('feedback', this.#feedbackConnectionCount)
    const connection = new FeedbackConnection(socket, conduct, this.#context)
    this.#keep(this.#feedbackConnections, connection, socket)
  }

  #keep<Connection>(open: Set<Connection>, connection: Connection, socket: TLSSocket): void {
    open.add(connection)
    socket.once('close', () => {
      open.delete(connection)
      this.#conditions.changed()
    })
    this.#conditions.changed()
  }

  #onFeedbackAdded(): void {
    for (const connection of this.#feedbackConnections) connection.send()
    this.#conditions.changed()
  }

  async #stop(): Promise<void> {
    this.disconnect()
    await Promise.all([this.#gatewayService.close(), this.#feedbackService.close()])
    this.#conditions.abandon('the gateway was closed')
  }
}
