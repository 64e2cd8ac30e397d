/**
 * Every `reason` that Apple's provider API gives, what kind of trouble it is, and what to do about it.
 *
 * Sources: Apple, "Handling notification responses from APNs"; for broadcasts and channels "Handling error responses from
 * Apple Push Notification service".
 */

/**
 * What a reason means for the sender.
 *
 * - `token`: this device token is of no use (for this topic); other tokens are not affected.
 * - `request`: this request is wrong and will be refused again until it is changed.
 * - `configuration`: every request would be refused the same way; sending stops until somebody acts.
 * - `renew`: the provider token has expired; a new one is made and the request is sent again.
 * - `connection`: the request is fine but this connection is not; it is sent again on another.
 * - `later`: nothing is wrong with the request; it is sent again after a delay.
 */
export type ReasonClass = 'token' | 'request' | 'configuration' | 'renew' | 'connection' | 'later'

export interface ReasonEntry {
  readonly class: ReasonClass
  /** The status code of the retired binary protocol that comes closest (see {@link ApnsError.ERR_UNKNOWN}). */
  readonly status: number
  /** What happened, in words. */
  readonly description: string
  /** What to do about it, in words. */
  readonly action: string
}

const PROCESSING = 1
const NO_TOKEN = 2
const NO_TOPIC = 3
const NO_PAYLOAD = 4
const TOPIC_SIZE = 6
const PAYLOAD_SIZE = 7
const TOKEN_INVALID = 8
const UNKNOWN = 255

function entry(klass: ReasonClass, status: number, description: string, action: string): ReasonEntry {
  return { class: klass, status, description, action }
}

const SENT_AGAIN = 'Nothing to do: it is sent again by itself.'
const REPORT_BUG = 'This is a defect of the library; please report it.'

/** The reasons of notifications, broadcasts and the management of channels, as Apple spells them. */
export const REASONS: Readonly<Record<string, ReasonEntry>> = {
  BadCollapseId: entry('request', UNKNOWN, 'The collapse id is longer than 64 bytes.', 'Shorten collapseId.'),
  BadDeviceToken: entry(
    'token',
    TOKEN_INVALID,
    'The device token is malformed, or belongs to the other environment.',
    'Check that the token comes from a build for this environment (sandbox or production) before you delete it.',
  ),
  BadExpirationDate: entry(
    'request',
    UNKNOWN,
    'The expiration is invalid.',
    'Give expiration as a Date or in Unix seconds; for a channel that stores nothing it is 0.',
  ),
  BadMessageId: entry('request', UNKNOWN, 'The apns-id is not a canonical UUID.', REPORT_BUG),
  BadPriority: entry(
    'request',
    UNKNOWN,
    'The priority is invalid for this push type.',
    'Use 10, 5 or 1; background pushes take 5 only.',
  ),
  BadTopic: entry(
    'request',
    TOPIC_SIZE,
    'The topic is invalid.',
    "Set topic to the app's bundle id (with the push type's suffix).",
  ),
  DeviceTokenNotForTopic: entry(
    'token',
    TOKEN_INVALID,
    'The device token belongs to another topic.',
    'Send to this token with the topic of the app that registered it; never retry as it is.',
  ),
  DuplicateHeaders: entry('request', UNKNOWN, 'A header was repeated.', REPORT_BUG),
  IdleTimeout: entry('connection', UNKNOWN, 'The connection was idle for too long.', SENT_AGAIN),
  InvalidPushType: entry(
    'request',
    UNKNOWN,
    'The push type is invalid.',
    'Set pushType to one of the types of PUSH_TYPES that fits the topic.',
  ),
  MissingDeviceToken: entry('request', NO_TOKEN, 'The request named no device token.', REPORT_BUG),
  MissingTopic: entry(
    'request',
    NO_TOPIC,
    'The request named no topic.',
    'Set topic, on the message or on the manager.',
  ),
  PayloadEmpty: entry('request', NO_PAYLOAD, 'The payload is empty.', 'Give the message a payload.'),
  TopicDisallowed: entry(
    'configuration',
    UNKNOWN,
    'These credentials may not push to this topic.',
    'Check the topic against the bundle ids that the key or certificate covers.',
  ),
  BadCertificate: entry(
    'configuration',
    UNKNOWN,
    'The client certificate is invalid.',
    'Renew the push certificate.',
  ),
  BadCertificateEnvironment: entry(
    'configuration',
    UNKNOWN,
    'The client certificate is for the other environment.',
    "Use the environment that the certificate was made for ('sandbox' or 'production').",
  ),
  ExpiredProviderToken: entry(
    'renew',
    UNKNOWN,
    'The provider token is older than an hour.',
    "If this repeats, set this machine's clock.",
  ),
  Forbidden: entry(
    'request',
    UNKNOWN,
    'The action is not allowed.',
    'Check the rights of the key or certificate.',
  ),
  InvalidProviderToken: entry(
    'configuration',
    UNKNOWN,
    'The provider token is invalid.',
    'Check key, keyId and teamId, and that the key was not revoked.',
  ),
  MissingProviderToken: entry(
    'configuration',
    UNKNOWN,
    'Neither a provider token nor a client certificate was accepted.',
    'Give { keyPath, keyId, teamId } or a client certificate that this environment knows.',
  ),
  UnrelatedKeyIdInToken: entry(
    'connection',
    UNKNOWN,
    'The key is unrelated to the key first used on this connection.',
    SENT_AGAIN,
  ),
  BadEnvironmentKeyIdInToken: entry(
    'configuration',
    UNKNOWN,
    'The key is restricted to the other environment.',
    "Use a key for this environment, or the other environment ('sandbox' or 'production').",
  ),
  // Apple's page has the spelling above; the live service is widely reported to send this one.
  BadEnvironmentKeyInToken: entry(
    'configuration',
    UNKNOWN,
    'The key is restricted to the other environment.',
    "Use a key for this environment, or the other environment ('sandbox' or 'production').",
  ),
  BadPath: entry(
    'request',
    UNKNOWN,
    'The path is invalid.',
    'Check that environment names an APNs provider API host.',
  ),
  MethodNotAllowed: entry('request', UNKNOWN, 'The method does not fit the path.', REPORT_BUG),
  ExpiredToken: entry('token', TOKEN_INVALID, 'The device token has expired.', 'Delete the token.'),
  Unregistered: entry(
    'token',
    TOKEN_INVALID,
    'The device token is no longer active for the topic.',
    'Delete the token, unless the device registered again after the timestamp.',
  ),
  PayloadTooLarge: entry(
    'request',
    PAYLOAD_SIZE,
    'The payload is too large.',
    'Shorten the payload; never retry as it is.',
  ),
  TooManyProviderTokenUpdates: entry(
    'later',
    UNKNOWN,
    'The provider token changed more than once in 20 minutes.',
    SENT_AGAIN,
  ),
  TooManyRequests: entry(
    'later',
    UNKNOWN,
    'Too many notifications for one device, or too many requests, in a short time.',
    'Send less often to this device, or channel.',
  ),
  InternalServerError: entry('later', PROCESSING, 'Apple had an internal error.', SENT_AGAIN),
  ServiceUnavailable: entry('later', PROCESSING, 'The service is unavailable.', SENT_AGAIN),
  // As Apple's page on broadcasts spells it.
  'Service Unavailable': entry('later', PROCESSING, 'The service is unavailable.', SENT_AGAIN),
  Shutdown: entry('later', PROCESSING, 'The server is shutting down.', SENT_AGAIN),
  FeatureNotEnabled: entry(
    'configuration',
    UNKNOWN,
    'Broadcasts are not enabled for this app.',
    'Switch on the broadcast capability of the App ID in the developer portal.',
  ),
  TopicMismatch: entry(
    'configuration',
    UNKNOWN,
    'These credentials do not cover the app that the request names.',
    'Check topic against the bundle ids that the key or certificate covers.',
  ),
  MissingChannelId: entry('request', UNKNOWN, 'The request named no channel.', REPORT_BUG),
  BadChannelId: entry(
    'request',
    UNKNOWN,
    'The channel id is malformed.',
    'Give the id just as create() or list() gave it; if it is that, forget the channel.',
  ),
  ChannelNotRegistered: entry(
    'request',
    UNKNOWN,
    'There is no such channel.',
    'Forget its id: the channel was deleted, or belongs to another app or environment.',
  ),
  CannotCreateChannelConfig: entry(
    'request',
    UNKNOWN,
    'The app has as many channels as it may have.',
    'Delete channels that are not used any more; list() names them all.',
  ),
  BadRequestParams: entry('request', UNKNOWN, 'The request has an unknown attribute.', REPORT_BUG),
  BadRequestPayload: entry('request', UNKNOWN, 'The body of the request is no JSON.', REPORT_BUG),
  MissingPushType: entry('request', UNKNOWN, 'The request named no push type.', REPORT_BUG),
}

/**
 * What to make of a refusal: by its reason, whatever its status (Apple has moved reasons between statuses), or, for
 * a reason that nobody here has heard of, by its status.
 */
export function classify(httpStatus: number, reason: string): ReasonEntry {
  // Own properties only: a hostile server may well call its reason "constructor".
  const known = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined
  if (known !== undefined) return known
  if (httpStatus === 410)
    return entry(
      'token',
      TOKEN_INVALID,
      'The device token is gone.',
      'Look the reason up before you delete the token.',
    )
  if (httpStatus === 429) return entry('later', UNKNOWN, 'Too many requests.', 'Send less.')
  if (httpStatus >= 500) return entry('later', PROCESSING, 'The server failed.', SENT_AGAIN)
  return entry(
    'request',
    UNKNOWN,
    `The request was refused with HTTP status ${httpStatus}.`,
    'Look the reason up; it is none of those that Apple documents.',
  )
}
