export type PushTypeName =
  | 'alert'
  | 'background'
  | 'complication'
  | 'controls'
  | 'fileprovider'
  | 'liveactivity'
  | 'location'
  | 'mdm'
  | 'pushtotalk'
  | 'voip'
  | 'widgets'

/** What the simulator knows of a push type. */
export interface PushType {
  readonly name: PushTypeName
  /** What `apns-topic` has behind the bundle id. */
  readonly suffix: string
  /** Largest body, in bytes. */
  readonly payloadBytes: number
  /** The priorities that Apple names, where it names fewer than all three. */
  readonly priorities?: ReadonlySet<string>
}

const PAYLOAD_BYTES = 4096
const VOIP_PAYLOAD_BYTES = 5120
const TEN_OR_FIVE: ReadonlySet<string> = new Set(['10', '5'])

/** Apple, "Sending notification requests to APNs": the values of `apns-push-type`. */
const TYPES: readonly PushType[] = [
  { name: 'alert', suffix: '', payloadBytes: PAYLOAD_BYTES },
  { name: 'background', suffix: '', payloadBytes: PAYLOAD_BYTES, priorities: new Set(['5']) },
  { name: 'complication', suffix: '.complication', payloadBytes: PAYLOAD_BYTES },
  { name: 'controls', suffix: '.push-type.controls', payloadBytes: PAYLOAD_BYTES },
  { name: 'fileprovider', suffix: '.pushkit.fileprovider', payloadBytes: PAYLOAD_BYTES },
  {
    name: 'liveactivity',
    suffix: '.push-type.liveactivity',
    payloadBytes: PAYLOAD_BYTES,
    priorities: TEN_OR_FIVE,
  },
  { name: 'location', suffix: '.location-query', payloadBytes: PAYLOAD_BYTES, priorities: TEN_OR_FIVE },
  { name: 'mdm', suffix: '', payloadBytes: PAYLOAD_BYTES },
  { name: 'pushtotalk', suffix: '.voip-ptt', payloadBytes: PAYLOAD_BYTES },
  { name: 'voip', suffix: '.voip', payloadBytes: VOIP_PAYLOAD_BYTES },
  { name: 'widgets', suffix: '.push-type.widgets', payloadBytes: PAYLOAD_BYTES },
]

export const PUSH_TYPES: ReadonlyMap<string, PushType> = new Map(TYPES.map((type) => [type.name, type]))

const SUFFIXES = TYPES.map(({ suffix }) => suffix).filter((suffix) => suffix !== '')

/** The suffix of a topic that belongs to a push type, or `''`. */
export function topicSuffix(topic: string): string {
  return SUFFIXES.find((suffix) => topic.endsWith(suffix)) ?? ''
}

/** The push type of a request that names none: APNs goes by the topic. */
export function inferredPushType(suffix: string): PushType {
  const type = TYPES.find((one) => one.suffix === suffix)
  if (type === undefined) throw new RangeError(`no push type has the suffix ${suffix}`)
  return type
}
