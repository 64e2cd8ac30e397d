/**
 * Apple's push types: which topic each one needs, how large its payload may be, which priorities it takes, who may send it.
 *
 * Source: Apple, "Sending notification requests to APNs", unless an entry names another page.
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
  /** Largest payload, in bytes of encoded JSON. */
  readonly payloadBytes: number
  /** The priorities that it takes, where Apple limits them. */
  readonly priorities: readonly Priority[]
  /** The priority that is sent when the message names none; undefined leaves it to Apple's default of 10. */
  readonly defaultPriority: Priority | undefined
  /**
   * Whether a client certificate may send it; undefined where Apple's pages do not say, or disagree. With provider
   * tokens, every type may be sent.
   */
  readonly clientCertificate: boolean | undefined
  /** The expiration to give, where one suits every sender: 0, which is one attempt and no storage. */
  readonly advisedExpiration: 0 | undefined
  /** What to think of when choosing an expiration, in words. */
  readonly expirationAdvice: string
}

/** The largest payload of every other push type, in bytes. */
const DEFAULT_PAYLOAD_BYTES = 4096
const VOIP_PAYLOAD_BYTES = 5120
const ANY_PRIORITY: readonly Priority[] = [10, 5, 1]

function rules(
  topicSuffix: string,
  expirationAdvice: string,
  changes: Partial<PushTypeRules> = {},
): PushTypeRules {
  return {
    topicSuffix,
    payloadBytes: DEFAULT_PAYLOAD_BYTES,
    priorities: ANY_PRIORITY,
    defaultPriority: undefined,
    clientCertificate: undefined,
    advisedExpiration: undefined,
    expirationAdvice,
    ...changes,
  }
}

/** The rules of each push type. Refused before sending: another suffix, a larger payload, a priority not listed. */
export const PUSH_TYPES: Readonly<Record<PushType, PushTypeRules>> = {
  /** Something for a person to see, hear, or find on the app's icon. */
  alert: rules(
    '',
    'When its news is old; without one Apple keeps it for up to 30 days. 0 loses it for a device that is offline.',
    { clientCertificate: true },
  ),
  /** Wakes the app, out of sight. Two or three an hour (Apple, "Pushing background updates to your App"). */
  background: rules('', 'When the app would fetch the same without being told.', {
    // Apple's default priority of 10 is an error for this type, so the sender has to say 5.
    priorities: [5],
    defaultPriority: 5,
    clientCertificate: true,
  }),
  /** New data for a watch face. The suffix is that of Apple's certificates; the page has a slip of the pen there. */
  complication: rules('.complication', 'When its data is old.', { clientCertificate: true }),
  /** Reloads a control (Apple, "Updating controls locally and remotely"). */
  controls: rules(
    '.push-type.controls',
    '0, as in Apple’s sample: the control shows its state when it is seen.',
    {
      advisedExpiration: 0,
    },
  ),
  /** Tells a File Provider extension of changes. */
  fileprovider: rules(
    '.pushkit.fileprovider',
    'A day or so: the extension looks for changes by itself, too.',
  ),
  /** Starts, updates or ends a Live Activity. */
  liveactivity: rules(
    '.push-type.liveactivity',
    'When the next update is due; the content’s own age is its stale-date.',
    {
      priorities: [10, 5],
    },
  ),
  /** Asks for the device's location (Apple, "Creating a location push service extension"). */
  location: rules('.location-query', 'A few minutes: the question is where the device is now.', {
    priorities: [10, 5],
    clientCertificate: false,
  }),
  /** Tells a managed device to ask its server. The topic is the UID of the MDM push certificate, not a bundle id. */
  mdm: rules('', 'A week or so: a device that was switched off asks when it is back.', {
    clientCertificate: true,
  }),
  /** Push to Talk. */
  pushtotalk: rules('.voip-ptt', '0: nobody is talking any more when a device comes back.', {
    advisedExpiration: 0,
  }),
  /** An incoming call. */
  voip: rules('.voip', '0 or some seconds: as long as it rings.', {
    payloadBytes: VOIP_PAYLOAD_BYTES,
    clientCertificate: true,
  }),
  /** Reloads widgets (Apple, "Updating widgets with WidgetKit push notifications"). */
  widgets: rules('.push-type.widgets', 'When the widget’s timeline would be reloaded anyway.'),
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
