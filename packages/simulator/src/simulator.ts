import type { ReceivedBroadcast } from './broadcast/broadcast-service.js'
import type { Channel } from './broadcast/channel-registry.js'
import type { ChannelRule } from './broadcast/channel-rule.js'
import type { ReceivedChannelRequest } from './broadcast/channel-service.js'
import type { ClientCertificate, ClientCertificateOptions } from './certificates.js'
import type { WaitOptions } from './conditions.js'
import type { ConnectionRule } from './connection-rule.js'
import type { Gateway } from './gateway/gateway.js'
import type { Journal } from './journal.js'
import type { ProviderCredentials, ProviderKeyOptions } from './provider-keys.js'
import type { Counts, ReceivedNotification } from './received.js'
import type { Cut, GoAwayOptions, Rule } from './rule.js'

/** Where the simulator listens, in the form of the library's `environment` option. */
export interface SimulatorEnvironment {
  readonly host: string
  readonly port: number
  /** Where requests about channels go, on the same host. */
  readonly channelPort: number
  /** PEM of the authority that signed the server certificate. */
  readonly ca: string
}

/** A running simulator. */
export interface Simulator extends SimulatorEnvironment, AsyncDisposable {
  /** Host, ports and CA together: `new ApnsManager({ environment: apns.environment, … })`. */
  readonly environment: SimulatorEnvironment
  /** A key that may push to everything: `new ApnsManager({ ...apns.credentials, … })`. */
  readonly credentials: ProviderCredentials
  /** The retired gateway and its feedback service, when asked for by the option. It shares the certificates. */
  readonly gateway: Gateway | undefined
  /** What was received, in order: answered, not yet answered, and never answered. Broadcasts are among it. */
  readonly received: readonly ReceivedNotification[]
  /** The broadcasts in it. */
  readonly broadcasts: readonly ReceivedBroadcast[]
  /** The requests about channels that were received, in order. */
  readonly channelRequests: readonly ReceivedChannelRequest[]
  /** The channels that there are, the oldest first. */
  readonly channels: readonly Channel[]
  /** Makes a channel; default of the app `com.example.app`, with the storage policy `none`. */
  addChannel(channel?: Partial<Pick<Channel, 'bundleId' | 'storagePolicy'>>): Channel
  /** Takes the broadcast capability from an app; its channels are deleted for good. */
  disableBroadcast(bundleId: string): void
  /**
   * Adds a bundle id to those of the option `topics`. Connections whose first push came before refuse it for ever, as Apple's do.
   * Throws when all of them exist.
   */
  addTopic(bundleId: string): void
  /** What became of every request, when asked for by the option. */
  readonly journal: Journal | undefined
  /** How many of which kind. */
  counts(): Counts
  /** The Live Activity with this token is over, as if its user had dismissed it. */
  endActivity(token: string): void
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
  /** The same for requests about channels. */
  replyToChannelRequests(rule: ChannelRule): () => void
  /** Adds a rule for the connections to come, behind those that there are; the function returned takes it away. */
  treat(rule: ConnectionRule): () => void
  /** Sends GOAWAY, or several, on every connection. Each closes when its last stream is answered. */
  goAway(options?: GoAwayOptions | readonly GoAwayOptions[]): void
  /** Cuts every connection; default `close`. */
  disconnect(cut?: Cut): void
  /** Lets every connection fall silent: nothing is read or written any more. */
  fallSilent(): void
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
