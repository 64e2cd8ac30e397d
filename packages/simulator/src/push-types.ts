/** What the simulator knows of a push type. */
export interface PushType {
  /** What `apns-topic` has behind the bundle id. */
  readonly suffix: string
  /** Largest body, in bytes. */
  readonly payloadBytes: number
  /** The only priority that is allowed, if there is one. */
  readonly onlyPriority?: string
  /** Never with a client certificate. */
  readonly tokenOnly?: true
}

const PAYLOAD_BYTES = 4096
const VOIP_PAYLOAD_BYTES = 5120

/** Apple, "Sending notification requests to APNs": the values of `apns-push-type`. */
export const PUSH_TYPES: ReadonlyMap<string, PushType> = new Map<string, PushType>([
  ['alert', { suffix: '', payloadBytes: PAYLOAD_BYTES }],
  ['background', { suffix: '', payloadBytes: PAYLOAD_BYTES, onlyPriority: '5' }],
  ['complication', { suffix: '.complication', payloadBytes: PAYLOAD_BYTES }],
  ['controls', { suffix: '.push-type.controls', payloadBytes: PAYLOAD_BYTES }],
  ['fileprovider', { suffix: '.pushkit.fileprovider', payloadBytes: PAYLOAD_BYTES }],
  ['liveactivity', { suffix: '.push-type.liveactivity', payloadBytes: PAYLOAD_BYTES }],
  ['location', { suffix: '.location-query', payloadBytes: PAYLOAD_BYTES, tokenOnly: true }],
  ['mdm', { suffix: '', payloadBytes: PAYLOAD_BYTES }],
  ['pushtotalk', { suffix: '.voip-ptt', payloadBytes: PAYLOAD_BYTES }],
  ['voip', { suffix: '.voip', payloadBytes: VOIP_PAYLOAD_BYTES }],
  ['widgets', { suffix: '.push-type.widgets', payloadBytes: PAYLOAD_BYTES }],
])

const SUFFIXES = [...PUSH_TYPES.values()].map(({ suffix }) => suffix).filter((suffix) => suffix !== '')

/** The suffix of a topic that belongs to a push type, or `''`. */
export function topicSuffix(topic: string): string {
  return SUFFIXES.find((suffix) => topic.endsWith(suffix)) ?? ''
}

/** The push type of a request that names none: APNs goes by the topic. */
export function inferredPushType(suffix: string): PushType {
  for (const type of PUSH_TYPES.values()) if (type.suffix === suffix) return type
  throw new RangeError(`no push type has the suffix ${suffix}`)
}
