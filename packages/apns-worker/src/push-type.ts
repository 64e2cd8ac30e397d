/**
 * Apple's push types: which topic each one needs, how large its payload may be, which priorities it takes.
 *
 * Source: Apple, "Sending notification requests to APNs".
 */

export type PushType =
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

/** What Apple takes for `apns-priority`: 10 at once, 5 with regard to the battery, 1 battery before everything else. */
export type Priority = 1 | 5 | 10

export interface PushTypeRules {
  /** What the topic is made of besides the app's bundle id; '' for the bundle id alone. */
  readonly topicSuffix: string
  /** Largest payload, in bytes. */
  readonly payloadBytes: number
  /** The priorities that it takes, where Apple limits them. */
  readonly priorities: readonly Priority[]
  /** The priority that is sent when the message names none; undefined leaves it to Apple's default of 10. */
  readonly defaultPriority: Priority | undefined
}

/** The largest payload that any push type takes, in bytes. */
const DEFAULT_PAYLOAD_BYTES = 4096
const VOIP_PAYLOAD_BYTES = 5120
const ANY_PRIORITY: readonly Priority[] = [10, 5, 1]

function rules(topicSuffix: string, changes: Partial<PushTypeRules> = {}): PushTypeRules {
  return {
    topicSuffix,
    payloadBytes: DEFAULT_PAYLOAD_BYTES,
    priorities: ANY_PRIORITY,
    defaultPriority: undefined,
    ...changes,
  }
}

export const PUSH_TYPES: Readonly<Record<PushType, PushTypeRules>> = {
  alert: rules(''),
  // Apple's default priority of 10 is an error for this type, so the sender has to say 5.
  background: rules('', { priorities: [5], defaultPriority: 5 }),
  complication: rules('.complication'),
  controls: rules('.push-type.controls'),
  fileprovider: rules('.pushkit.fileprovider'),
  liveactivity: rules('.push-type.liveactivity', { priorities: [10, 5] }),
  location: rules('.location-query', { priorities: [10, 5] }),
  // The topic is the UID of the MDM push certificate's subject, not a bundle id.
  mdm: rules(''),
  pushtotalk: rules('.voip-ptt'),
  voip: rules('.voip', { payloadBytes: VOIP_PAYLOAD_BYTES }),
  widgets: rules('.push-type.widgets'),
}

export function isPushType(value: unknown): value is PushType {
  return typeof value === 'string' && Object.hasOwn(PUSH_TYPES, value)
}

/** The push types whose topics have a suffix: looked through for each message that names its topic. */
const SUFFIXES: readonly (readonly [suffix: string, type: PushType])[] = Object.entries(PUSH_TYPES).flatMap(
  ([type, { topicSuffix }]) => (topicSuffix !== '' && isPushType(type) ? [[topicSuffix, type] as const] : []),
)

/** The push type that a topic's suffix belongs to; undefined for a plain bundle id. */
export function pushTypeOfTopic(topic: string): PushType | undefined {
  return SUFFIXES.find(([suffix]) => topic.endsWith(suffix))?.[1]
}

/** The topic of a push type for an app: the bundle id and the type's suffix, which may be there already. */
export function topicFor(pushType: PushType, bundleId: string): string {
  const { topicSuffix } = PUSH_TYPES[pushType]
  return bundleId.endsWith(topicSuffix) ? bundleId : bundleId + topicSuffix
}
