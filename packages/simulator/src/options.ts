import type { GatewayOptions } from './gateway/options.js'
import type { ReceivedNotification } from './received.js'
import type { Rule } from './rule.js'
import { MAX_STREAM_LIMIT } from './settings-rewriter.js'

/** How a simulator behaves. Every duration is in seconds, fractions allowed. */
export interface SimulatorOptions {
  /** Address to listen on; default `127.0.0.1`. The server certificate is for localhost, 127.0.0.1 and ::1. */
  readonly host?: string
  /** Port to listen on; default 0: any free one. */
  readonly port?: number
  /** The clock, milliseconds since 1970; default `Date.now`. Timers run on real time all the same. */
  readonly now?: () => number
  /** Chooses which tokens the shares of rules fall on; default 1. */
  readonly seed?: number | string
  /** Which of Apple's two environments this is; default `production`. */
  readonly environment?: 'production' | 'sandbox'
  /** The bundle ids that exist; default: all of them do. */
  readonly topics?: readonly string[]
  /** Streams that a client may have open; default 1000, as seen of the service. */
  readonly streamLimit?: number
  /** The same until the first provider token was accepted; default 1. Certificates start with `streamLimit`. */
  readonly initialStreamLimit?: number
  /** A refusal other than 410 lowers the limit to 1, until something is accepted again; default false. */
  readonly shrinkOnRefusal?: boolean
  /** What a client gets for opening too many streams; default `refuse`: REFUSED_STREAM for each. */
  readonly onStreamLimitViolation?: 'refuse' | 'goAway'
  /** A connection without notifications for that long is closed with `IdleTimeout`; default 0: never. */
  readonly idleTimeout?: number
  /** Time before every answer; default 0. */
  readonly latency?: number
  /** Shortest time between two changes of the provider token on one connection; default 1200. */
  readonly tokenUpdateInterval?: number
  /** Reason for a key of the other environment; default the one that the service is reported to send. */
  readonly environmentKeyReason?: 'BadEnvironmentKeyInToken' | 'BadEnvironmentKeyIdInToken'
  /** Scripted replies. */
  readonly rules?: readonly Rule[]
  /** How many received notifications are kept; true: all, default 100,000. The latest ones stay. */
  readonly record?: boolean | number
  /** Called for each notification once it was answered, or was decided not to get an answer. */
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
  readonly streamLimit: number
  readonly initialStreamLimit: number
  readonly shrinkOnRefusal: boolean
  readonly onStreamLimitViolation: 'refuse' | 'goAway'
  readonly idleTimeoutMs: number
  readonly latencyMs: number
  readonly tokenUpdateIntervalMs: number
  readonly environmentKeyReason: 'BadEnvironmentKeyInToken' | 'BadEnvironmentKeyIdInToken'
  readonly rules: readonly Rule[]
  readonly record: number
  readonly onNotification: (notification: ReceivedNotification) => void
  readonly gateway: GatewayOptions | undefined
}

const DEFAULT_RECORD = 100_000

/** Fills in the defaults. Throws a TypeError that names the option that makes no sense. */
export function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  const { record = DEFAULT_RECORD, gateway = false } = options
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    now: options.now ?? Date.now,
    seed: String(options.seed ?? 1),
    environment: options.environment ?? 'production',
    topics: options.topics === undefined ? undefined : new Set(options.topics),
    streamLimit: streamLimit('streamLimit', options.streamLimit ?? 1000),
    initialStreamLimit: streamLimit('initialStreamLimit', options.initialStreamLimit ?? 1),
    shrinkOnRefusal: options.shrinkOnRefusal ?? false,
    onStreamLimitViolation: options.onStreamLimitViolation ?? 'refuse',
    idleTimeoutMs: milliseconds('idleTimeout', options.idleTimeout ?? 0),
    latencyMs: milliseconds('latency', options.latency ?? 0),
    tokenUpdateIntervalMs: milliseconds('tokenUpdateInterval', options.tokenUpdateInterval ?? 1200),
    environmentKeyReason: options.environmentKeyReason ?? 'BadEnvironmentKeyInToken',
    rules: options.rules ?? [],
    record: typeof record === 'number' ? record : record ? Number.POSITIVE_INFINITY : 0,
    onNotification: options.onNotification ?? (() => undefined),
    gateway: typeof gateway === 'object' ? gateway : gateway ? {} : undefined,
  }
}

/** Checks a number of streams and gives it back. */
export function streamLimit(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_STREAM_LIMIT) return value
  throw new TypeError(`${name}: ${value} is no whole number from 0 to ${MAX_STREAM_LIMIT}`)
}

function milliseconds(name: string, seconds: number): number {
  if (seconds >= 0) return seconds * 1000
  throw new TypeError(`${name}: ${seconds} is no time in seconds`)
}
