import type { ChannelRule } from './broadcast/channel-rule.js'
import type { ReceivedChannelRequest } from './broadcast/channel-service.js'
import type { ChaosOptions } from './chaos.js'
import type { ConnectionRule } from './connection-rule.js'
import type { LiveActivityOptions } from './delivery/activities.js'
import type { DeviceLimit } from './delivery/delivery.js'
import type { DeliveryBudgets } from './delivery/delivery-budgets.js'
import { type Doubts, resolveDoubts } from './doubts.js'
import type { GatewayOptions } from './gateway/options.js'
import type { JournalOptions } from './journal.js'
import type { Latency } from './latency.js'
import type { ReceivedNotification } from './received.js'
import type { Rule } from './rule.js'
import { OPTIONS } from './schema/options-shape.js'
import type { TimelineStep } from './timeline.js'

/** How a simulator behaves. Every duration is in seconds, fractions allowed. */
export interface SimulatorOptions {
  /** Address to listen on; default `127.0.0.1`. The server certificate is for localhost, 127.0.0.1 and ::1. */
  readonly host?: string
  /** Port to listen on; default 0: any free one. */
  readonly port?: number
  /** The clock, milliseconds since 1970; default `Date.now`. Timers run on real time all the same. */
  readonly now?: () => number
  /** Decides everything that is left to chance, such as the tokens that the shares of rules fall on; default 1. */
  readonly seed?: number | string
  /** Which of Apple's two environments this is; default `production`. */
  readonly environment?: 'production' | 'sandbox'
  /** The bundle ids that exist; default: all of them do. */
  readonly topics?: readonly string[]
  /** The bundle ids that have the broadcast capability; default: all of them. */
  readonly broadcastTopics?: readonly string[]
  /** How many channels an app may have; default 10,000, as Apple's do. */
  readonly channelLimit?: number
  /** Port for requests about channels; default 0: any free one. Apple's are 2196, and 2195 for the sandbox. */
  readonly channelPort?: number
  /** Scripted replies to requests about channels. */
  readonly channelRules?: readonly ChannelRule[]
  /** Called for each request about channels once it was answered, or was decided not to get an answer. */
  readonly onChannelRequest?: (request: ReceivedChannelRequest) => void
  /** Streams that a client may have open; default 1000, as seen of the service. */
  readonly streamLimit?: number
  /** The same until the first provider token was accepted; default 1. Certificates start with `streamLimit`. */
  readonly initialStreamLimit?: number
  /** A refusal other than 410 lowers the limit to 1, until something is accepted again; default false. */
  readonly shrinkOnRefusal?: boolean
  /** What a client gets for opening too many streams; default `refuse`: REFUSED_STREAM for each. */
  readonly onStreamLimitViolation?: 'refuse' | 'goAway'
  /** After so many refusals, 410 aside, a connection is told GOAWAY and closed; default 0: never. */
  readonly refusalLimit?: number
  /** A device token that gets more in that time is answered 429 `TooManyRequests`; default: no limit, since Apple publishes none. */
  readonly deviceLimit?: DeviceLimit
  /** What becomes of the tokens of Live Activities that have ended. */
  readonly liveActivities?: LiveActivityOptions
  /** Beyond these numbers the journal notes that a push would be dropped. */
  readonly deliveryBudgets?: DeliveryBudgets
  /** A connection without notifications for that long is closed with `IdleTimeout`; default 0: never. */
  readonly idleTimeout?: number
  /** Time before every answer, the same or drawn from a distribution; default 0. */
  readonly latency?: Latency
  /** Shortest time between two changes of the provider token on one connection; default 1200. */
  readonly tokenUpdateInterval?: number
  /** A connection that has said `TooManyProviderTokenUpdates` says it to everything from then on; default false. */
  readonly wedgeOnTokenUpdates?: boolean
  /** Reason for a key of the other environment; default the one that the service is reported to send. */
  readonly environmentKeyReason?: 'BadEnvironmentKeyInToken' | 'BadEnvironmentKeyIdInToken'
  /** How what Apple's pages leave open is decided; each has its default. */
  readonly doubts?: Partial<Doubts>
  /** Scripted replies. */
  readonly rules?: readonly Rule[]
  /** What happens to connections, whatever they carry. */
  readonly connections?: readonly ConnectionRule[]
  /** What happens to all connections, and when. */
  readonly timeline?: readonly TimelineStep[]
  /** Misbehaves at random for the whole run, where no rule says what happens; default false. */
  readonly chaos?: boolean | ChaosOptions
  /** Keeps account of every request and its fate, see `Simulator.journal`; a text names a file for it. Default false. */
  readonly journal?: boolean | string | JournalOptions
  /** How many received notifications are kept; true: all, default 100,000. The latest ones stay. */
  readonly record?: boolean | number
  /** Called for each notification, and each broadcast, once it was answered, or was decided not to get an answer. */
  readonly onNotification?: (notification: ReceivedNotification) => void
  /**
   * Runs the retired binary gateway and its feedback service, too; default false. Address, clock, seed and environment are
   * the simulator's unless something else is said.
   */
  readonly gateway?: boolean | GatewayOptions
}

/** Options with every default filled in; durations in milliseconds. */
export interface ResolvedOptions {
  readonly host: string
  readonly port: number
  readonly now: () => number
  readonly seed: string
  readonly environment: 'production' | 'sandbox'
  readonly topics: ReadonlySet<string> | undefined
  readonly broadcastTopics: ReadonlySet<string> | undefined
  readonly channelLimit: number
  readonly channelPort: number
  readonly channelRules: readonly ChannelRule[]
  readonly onChannelRequest: (request: ReceivedChannelRequest) => void
  readonly streamLimit: number
  readonly initialStreamLimit: number
  readonly shrinkOnRefusal: boolean
  readonly onStreamLimitViolation: 'refuse' | 'goAway'
  readonly refusalLimit: number
  readonly deviceLimit: DeviceLimit | undefined
  readonly liveActivities: LiveActivityOptions
  readonly deliveryBudgets: DeliveryBudgets
  readonly idleTimeoutMs: number
  readonly latency: Latency
  readonly tokenUpdateIntervalMs: number
  readonly wedgeOnTokenUpdates: boolean
  readonly environmentKeyReason: 'BadEnvironmentKeyInToken' | 'BadEnvironmentKeyIdInToken'
  readonly doubts: Doubts
  readonly rules: readonly Rule[]
  readonly connections: readonly ConnectionRule[]
  readonly timeline: readonly TimelineStep[]
  readonly chaos: Required<ChaosOptions> | undefined
  readonly journal: JournalOptions | undefined
  readonly record: number
  readonly onNotification: (notification: ReceivedNotification) => void
  readonly gateway: GatewayOptions | undefined
}

const DEFAULT_RECORD = 100_000
/** Apple, "Sending channel management requests to APNs". */
const DEFAULT_CHANNEL_LIMIT = 10_000
const DEFAULT_INTENSITY = 0.5

/** Fills in the defaults. Throws an OptionError that names the option that makes no sense. */
export function resolveOptions(given: SimulatorOptions): ResolvedOptions {
  const options = OPTIONS.read(given, '')
  const { record = DEFAULT_RECORD, gateway = false } = options
  const seed = String(options.seed ?? 1)
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    now: options.now ?? Date.now,
    seed,
    environment: options.environment ?? 'production',
    topics: options.topics === undefined ? undefined : new Set(options.topics),
    broadcastTopics: options.broadcastTopics === undefined ? undefined : new Set(options.broadcastTopics),
    channelLimit: options.channelLimit ?? DEFAULT_CHANNEL_LIMIT,
    channelPort: options.channelPort ?? 0,
    channelRules: options.channelRules ?? [],
    onChannelRequest: options.onChannelRequest ?? (() => undefined),
    streamLimit: options.streamLimit ?? 1000,
    initialStreamLimit: options.initialStreamLimit ?? 1,
    shrinkOnRefusal: options.shrinkOnRefusal ?? false,
    onStreamLimitViolation: options.onStreamLimitViolation ?? 'refuse',
    refusalLimit: options.refusalLimit ?? 0,
    deviceLimit: options.deviceLimit,
    liveActivities: options.liveActivities ?? {},
    deliveryBudgets: options.deliveryBudgets ?? {},
    idleTimeoutMs: (options.idleTimeout ?? 0) * 1000,
    latency: options.latency ?? 0,
    tokenUpdateIntervalMs: (options.tokenUpdateInterval ?? 1200) * 1000,
    wedgeOnTokenUpdates: options.wedgeOnTokenUpdates ?? false,
    environmentKeyReason: options.environmentKeyReason ?? 'BadEnvironmentKeyInToken',
    doubts: resolveDoubts(options.doubts),
    rules: options.rules ?? [],
    connections: options.connections ?? [],
    timeline: options.timeline ?? [],
    chaos: chaosOptions(options.chaos, seed),
    journal: journalOptions(options.journal),
    record: typeof record === 'number' ? record : record ? Number.POSITIVE_INFINITY : 0,
    onNotification: options.onNotification ?? (() => undefined),
    gateway: typeof gateway === 'object' ? gateway : gateway ? {} : undefined,
  }
}

function chaosOptions(
  chaos: SimulatorOptions['chaos'] = false,
  seed: string,
): Required<ChaosOptions> | undefined {
  if (chaos === false) return undefined
  return { seed, intensity: DEFAULT_INTENSITY, ...(chaos === true ? {} : chaos) }
}

function journalOptions(journal: SimulatorOptions['journal'] = false): JournalOptions | undefined {
  if (typeof journal === 'string') return { file: journal }
  if (typeof journal === 'object') return journal
  return journal ? {} : undefined
}
