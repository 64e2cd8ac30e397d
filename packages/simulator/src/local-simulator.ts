import { BROADCAST_PATH, type ReceivedBroadcast } from './broadcast/broadcast-service.js'
import { ChannelDesk } from './broadcast/channel-desk.js'
import type { Channel } from './broadcast/channel-registry.js'
import type { ChannelRule } from './broadcast/channel-rule.js'
import type { ReceivedChannelRequest } from './broadcast/channel-service.js'
import {
  CertificateAuthority,
  type ClientCertificate,
  type ClientCertificateOptions,
} from './certificates.js'
import { Chaos } from './chaos.js'
import { Conditions, type WaitOptions } from './conditions.js'
import type { Conduct, ConnectionRule } from './connection-rule.js'
import { ConnectionRules } from './connection-rules.js'
import { Delivery } from './delivery/delivery.js'
import { type Admission, Doorway } from './doorway.js'
import { type Gateway, openGateway } from './gateway/gateway.js'
import { identifier } from './identifier.js'
import { JournalKeeper } from './journal.js'
import { latencySampler } from './latency.js'
import { type ResolvedOptions, resolveOptions, type SimulatorOptions } from './options.js'
import { type ProviderCredentials, type ProviderKeyOptions, ProviderKeys } from './provider-keys.js'
import { ProviderTokenVerifier } from './provider-token.js'
import { Random } from './random.js'
import { type Counts, type ReceivedNotification, Recorder } from './received.js'
import { toGoAways } from './reply.js'
import type { Cut, GoAwayOptions, Rule } from './rule.js'
import { type RuleContext, Rules } from './rules.js'
import { streamLimit } from './schema/common-shapes.js'
import { type ConnectionContext, ServerConnection } from './server-connection.js'
import { notificationService } from './service.js'
import type { Simulator, SimulatorEnvironment } from './simulator.js'
import { startTimeline } from './timeline.js'
import type { Timers } from './timers.js'
import { Topics } from './topics.js'

/** Starts an APNs on this machine. The caller closes it. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const resolved = resolveOptions(options)
  const journal = resolved.journal && (await JournalKeeper.open(resolved.journal, resolved.now))
  const simulator = new LocalSimulator(resolved, journal)
  try {
    await simulator.listen()
  } catch (error) {
    await journal?.close()
    throw error
  }
  return simulator
}

/** What the connections to one port carry, and what becomes of it. */
type Traffic = Pick<ConnectionContext, 'options' | 'rules' | 'chaos' | 'recorder' | 'journal' | 'serviceFor'>

class LocalSimulator implements Simulator {
  readonly host: string
  readonly ca: string
  readonly credentials: ProviderCredentials
  port = 0
  channelPort = 0
  gateway: Gateway | undefined
  readonly journal: JournalKeeper | undefined
  readonly #options: ResolvedOptions
  readonly #authority: CertificateAuthority
  readonly #keys = new ProviderKeys()
  readonly #verifier = new ProviderTokenVerifier(this.#keys)
  readonly #rules: Rules
  readonly #connectionRules: ConnectionRules
  readonly #chaos: Chaos | undefined
  readonly #recorder: Recorder
  readonly #topics: Topics
  readonly #delivery: Delivery
  readonly #desk: ChannelDesk
  readonly #conditions = new Conditions(() => JSON.stringify(this.counts()))
  readonly #connections = new Set<ServerConnection>()
  readonly #doorway: Doorway
  readonly #channelDoorway: Doorway
  readonly #startedAtMs = performance.now()
  #streamLimit: number
  #connectionCount = 0
  #mostOpenStreams = 0
  #violations = 0
  #timeline: Timers | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions, journal: JournalKeeper | undefined) {
    this.#options = options
    this.journal = journal
    this.host = options.host
    this.#streamLimit = options.streamLimit
    this.#authority = new CertificateAuthority(Date.now())
    this.ca = this.#authority.certificate
    this.credentials = this.#keys.add({ teamId: identifier() })
    const ruleContext = this.#makeRuleContext()
    this.#rules = new Rules(ruleContext)
    for (const rule of options.rules) this.reply(rule)
    this.#connectionRules = new ConnectionRules(ruleContext)
    for (const rule of options.connections) this.treat(rule)
    const { chaos } = options
    this.#chaos = chaos && new Chaos(String(chaos.seed), chaos.intensity)
    this.#recorder = new Recorder(options.record)
    this.#topics = new Topics(options.topics)
    this.#delivery = new Delivery(options)
    this.#desk = new ChannelDesk(options, ruleContext, { topics: this.#topics, delivery: this.#delivery })
    this.#doorway = this.#makeDoorway()
    this.#channelDoorway = this.#makeChannelDoorway()
  }

  get environment(): SimulatorEnvironment {
    return { host: this.host, port: this.port, channelPort: this.channelPort, ca: this.ca }
  }

  get received(): readonly ReceivedNotification[] {
    return this.#recorder.kept
  }

  get broadcasts(): readonly ReceivedBroadcast[] {
    return this.#desk.broadcastsAmong(this.received)
  }

  get channelRequests(): readonly ReceivedChannelRequest[] {
    return this.#desk.requests
  }

  get channels(): readonly Channel[] {
    return this.#desk.channels
  }

  addChannel(channel?: Partial<Channel>): Channel {
    return this.#desk.addChannel(channel)
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
      openConnections: [...this.#connections].filter(({ isOpen }) => isOpen).length,
      openStreams,
      maxOpenStreams,
      streamLimitViolations,
    }
  }

  disableBroadcast(bundleId: string): void {
    this.#desk.disableBroadcast(bundleId)
  }

  addTopic(bundleId: string): void {
    this.#topics.add(bundleId)
  }

  endActivity(token: string): void {
    this.#delivery.endActivity(token, this.#options.now())
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
    return this.#rules.add(rule)
  }

  replyToChannelRequests(rule: ChannelRule): () => void {
    return this.#desk.reply(rule)
  }

  treat(rule: ConnectionRule): () => void {
    return this.#connectionRules.add(rule)
  }

  goAway(options: GoAwayOptions | readonly GoAwayOptions[] = {}): void {
    for (const connection of this.#connections) connection.goAway(toGoAways(options), 'goAway()')
  }

  disconnect(cut: Cut = 'close'): void {
    for (const connection of this.#connections) connection.disconnect(cut, 'disconnect()')
  }

  fallSilent(): void {
    for (const connection of this.#connections) connection.fallSilent(undefined, 'fallSilent()')
  }

  setStreamLimit(limit: number): void {
    this.#streamLimit = streamLimit.read(limit, 'setStreamLimit')
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
    this.port = await this.#doorway.listen(this.#options.port, this.host)
    await this.#openOthers()
    this.#timeline = startTimeline(this.#options.timeline, this)
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #openOthers(): Promise<void> {
    const { host, now, seed, environment, gateway, channelPort } = this.#options
    try {
      this.channelPort = await this.#channelDoorway.listen(channelPort, host)
      if (gateway === undefined) return
      this.gateway = await openGateway({ host, now, seed, environment, ...gateway }, this.#authority)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  #makeRuleContext(): RuleContext {
    const { seed, environment, now } = this.#options
    return { seed, environment, now, elapsed: () => (performance.now() - this.#startedAtMs) / 1000 }
  }

  #makeContext(traffic: Traffic): ConnectionContext {
    const limit = (): number => this.#streamLimit
    const { seed, latency } = this.#options
    return {
      ...traffic,
      verifier: this.#verifier,
      topics: this.#topics,
      latencyMs: latencySampler(latency, new Random(`${seed} latency`)),
      get streamLimit() {
        return limit()
      },
      changed: () => this.#conditions.changed(),
    }
  }

  /** For notifications and broadcasts. */
  #makeDoorway(): Doorway {
    const notifications = notificationService(
      { topics: this.#topics, doubts: this.#options.doubts },
      this.#delivery,
    )
    const { broadcasts } = this.#desk
    const context = this.#makeContext({
      options: this.#options,
      rules: this.#rules,
      chaos: this.#chaos,
      recorder: this.#recorder,
      journal: this.journal,
      serviceFor: ({ path }) => (path.startsWith(BROADCAST_PATH) ? broadcasts : notifications),
    })
    return new Doorway(this.#authority, {
      conductOf: (connection): Conduct => ({
        ...this.#chaos?.conductOf(connection),
        ...this.#connectionRules.conductOf(connection),
      }),
      admitted: (admission) => this.#onAdmitted(admission, context),
      turnedAway: (connection, why) => {
        this.journal?.connection({ connection, event: 'turnedAway', why })
        this.#conditions.changed()
      },
    })
  }

  /** For requests about channels; what happens to connections by rules or by chance is not for them. */
  #makeChannelDoorway(): Doorway {
    const { options, rules, recorder, management } = this.#desk
    const context = this.#makeContext({
      ...{ options, rules, recorder },
      chaos: undefined,
      journal: undefined,
      serviceFor: () => management,
    })
    return new Doorway(this.#authority, {
      conductOf: () => ({}),
      admitted: (admission) => this.#onAdmitted(admission, context),
      turnedAway: () => {},
    })
  }

  #onAdmitted(admission: Admission, context: ConnectionContext): void {
    if (this.#closing !== undefined) {
      admission.socket.destroy()
      return
    }
    this.#connectionCount += 1
    const connection = new ServerConnection(admission, context)
    this.#connections.add(connection)
    void connection.gone.then(() => {
      this.#connections.delete(connection)
      this.#mostOpenStreams = Math.max(this.#mostOpenStreams, connection.mostOpenStreams)
      this.#violations += connection.streamLimitViolations
      this.#conditions.changed()
    })
    this.#conditions.changed()
  }

  async #stop(): Promise<void> {
    this.#timeline?.clear()
    for (const connection of this.#connections) connection.disconnect('close', 'close()')
    await this.#doorway.close()
    await this.#channelDoorway.close()
    await Promise.all(Array.from(this.#connections, ({ gone }) => gone))
    await this.gateway?.close()
    await this.journal?.close()
    this.#conditions.abandon('the simulator was closed')
  }
}
