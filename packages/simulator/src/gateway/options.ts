import { FRAME_FORMATS, type FrameFormat } from './frame.js'
import type { GatewayNotification } from './received.js'
import type { GatewayRule } from './rule.js'

/** How a gateway behaves. */
export interface GatewayOptions {
  /** Address to listen on; default `127.0.0.1`. The server certificate is for localhost, 127.0.0.1 and ::1. */
  readonly host?: string
  /** Port of the gateway; default 0: any free one. Apple's was 2195. */
  readonly port?: number
  /** Port of the feedback service; default 0: any free one. Apple's was 2196. */
  readonly feedbackPort?: number
  /** The clock, milliseconds since 1970; default `Date.now`. Timers and certificates go by real time all the same. */
  readonly now?: () => number
  /** Chooses which tokens the shares of rules fall on; default 1. */
  readonly seed?: number | string
  /** Which of Apple's two environments this is; default `production`. Certificates must be for it. */
  readonly environment?: 'production' | 'sandbox'
  /** Default `TLSv1.3`. With 1.2 a client that is refused learns it in the handshake, with 1.3 after it. */
  readonly maxTlsVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** The frames that it knows: `simple` is command 0, `enhanced` 1, `items` 2; default all. Others are protocol errors. */
  readonly formats?: readonly FrameFormat[]
  /** Payload bytes allowed in each; default 256 for `simple` and `enhanced`, 2048 for `items`. At most 65,535. */
  readonly payloadLimits?: Readonly<Partial<Record<FrameFormat, number>>>
  /** Lengths of a device token that are taken, in bytes; default 1 to 100. Tokens had 32 bytes as long as there was a gateway. */
  readonly tokenBytes?: { readonly min?: number; readonly max?: number }
  /** Scripted replies. */
  readonly rules?: readonly GatewayRule[]
  /** Error responses and feedback are written in pieces of so many bytes; default: in one piece. They may meet on the way. */
  readonly chunkBytes?: number
  /** How many notifications of each fate are kept; true: all, default 100,000. The latest ones stay. */
  readonly record?: boolean | number
  /** Called for each notification once its fate is known. */
  readonly onNotification?: (notification: GatewayNotification) => void
}

/** Options with every default filled in. */
export interface ResolvedGatewayOptions {
  readonly host: string
  readonly port: number
  readonly feedbackPort: number
  readonly now: () => number
  readonly seed: string
  readonly environment: 'production' | 'sandbox'
  readonly maxTlsVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly formats: ReadonlySet<FrameFormat>
  readonly payloadLimits: Readonly<Record<FrameFormat, number>>
  readonly minTokenBytes: number
  readonly maxTokenBytes: number
  readonly rules: readonly GatewayRule[]
  readonly chunkBytes: number
  readonly record: number
  readonly onNotification: (notification: GatewayNotification) => void
}

const DEFAULT_RECORD = 100_000
const DEFAULT_PAYLOAD_LIMITS: Readonly<Record<FrameFormat, number>> = {
  simple: 256,
  enhanced: 256,
  items: 2048,
}
/** Apple: "100 bytes". */
const DEFAULT_MAX_TOKEN_BYTES = 100
const MAX_UINT16 = 65_535

/** Fills in the defaults. Throws a TypeError that names the option that makes no sense. */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  const { record = DEFAULT_RECORD, tokenBytes = {}, payloadLimits = {} } = options
  const formats = options.formats ?? FRAME_FORMATS
  const unknown = formats.find((format) => !FRAME_FORMATS.includes(format))
  if (unknown !== undefined)
    throw new TypeError(`formats: "${unknown}" is none of ${FRAME_FORMATS.join(', ')}`)
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    feedbackPort: options.feedbackPort ?? 0,
    now: options.now ?? Date.now,
    seed: String(options.seed ?? 1),
    environment: options.environment ?? 'production',
    maxTlsVersion: options.maxTlsVersion ?? 'TLSv1.3',
    formats: new Set(formats),
    payloadLimits: {
      simple: length('payloadLimits.simple', payloadLimits.simple ?? DEFAULT_PAYLOAD_LIMITS.simple),
      enhanced: length('payloadLimits.enhanced', payloadLimits.enhanced ?? DEFAULT_PAYLOAD_LIMITS.enhanced),
      items: length('payloadLimits.items', payloadLimits.items ?? DEFAULT_PAYLOAD_LIMITS.items),
    },
    minTokenBytes: length('tokenBytes.min', tokenBytes.min ?? 1),
    maxTokenBytes: length('tokenBytes.max', tokenBytes.max ?? DEFAULT_MAX_TOKEN_BYTES),
    rules: options.rules ?? [],
    chunkBytes: pieceLength(options.chunkBytes ?? Number.POSITIVE_INFINITY),
    record: typeof record === 'number' ? record : record ? Number.POSITIVE_INFINITY : 0,
    onNotification: options.onNotification ?? (() => undefined),
  }
}

function length(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_UINT16) return value
  throw new TypeError(`${name}: ${value} is no whole number from 1 to ${MAX_UINT16}`)
}

function pieceLength(value: number): number {
  if (value >= 1) return value
  throw new TypeError(`chunkBytes: ${value} is less than 1`)
}
