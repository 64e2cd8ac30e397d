/**
 * What Apple's pages leave open, or say in two ways. The service's own answer is not known, so each is an option; the default
 * is what seems more probable, or what a sender loses less by.
 */
import type { PushTypeName } from './push-types.js'

export interface Doubts {
  /** A request without `apns-push-type`: taken for the type of its topic (`infer`, default), or refused with this reason. */
  readonly missingPushType: 'infer' | 'InvalidPushType' | 'MissingPushType'
  /** A background push with priority 10, which is also what a missing priority means. Apple: "an error"; default `BadPriority`. */
  readonly backgroundAtPriority10: 'BadPriority' | 'accept'
  /** Priority 1 for `liveactivity` and `location`, where Apple names 10 and 5 alone; default `accept`. */
  readonly lowestPriority: 'accept' | 'BadPriority'
  /** Request ids with capital letters, where Apple defines lower-case ones; default `BadMessageId`. */
  readonly capitalIds: 'BadMessageId' | 'accept'
  /** Device tokens with capital letters; default `accept`. */
  readonly capitalTokens: 'accept' | 'BadDeviceToken'
  /** The longest device token, in bytes. Apple tells nobody to assume one; default 100, as in the retired protocol. */
  readonly longestToken: number
  /** Push types that no certificate can send. `location` is certain, and the default. */
  readonly tokenOnlyTypes: readonly PushTypeName[]
  /** A key of another team than the connection's; default `UnrelatedKeyIdInToken`. */
  readonly otherTeam: 'UnrelatedKeyIdInToken' | 'InvalidProviderToken' | 'Forbidden'
  /** A bundle id that was added after the connection's first push; default `TopicDisallowed`. */
  readonly addedTopic: 'TopicDisallowed' | 'Forbidden' | 'BadTopic'
  /** A topic that a topic-specific key is not for; default `TopicDisallowed`. */
  readonly unassociatedTopic: 'TopicDisallowed' | 'Forbidden' | 'InvalidProviderToken'
  /** A provider token from more than an hour in the future; default `InvalidProviderToken`. */
  readonly futureToken: 'InvalidProviderToken' | 'ExpiredProviderToken'
  /** Signatures in DER, as Apple's own shell recipe makes them; default `accept`. */
  readonly derSignatures: 'accept' | 'InvalidProviderToken'
  /** Whether a topic-specific key's tokens need the bundle id as `sub`, and others must not have one; default `ignore`. */
  readonly topicKeySubject: 'ignore' | 'require'
  /** The status of `ExpiredToken` for the token of a Live Activity that has ended; until 2023 Apple's page had 400. Default 410. */
  readonly expiredTokenStatus: 410 | 400
  /** `apns-expiration` of broadcasts; default `optional`. Without it, `required` answers `BadExpirationDate`. */
  readonly broadcastExpiration: 'optional' | 'required'
  /** `apns-priority` of broadcasts; default `optional`. Without it, `required` answers `BadPriority`. */
  readonly broadcastPriority: 'optional' | 'required'
  /** Whether the sandbox gives a broadcast an `apns-unique-id`; default false: only pages of others have it. */
  readonly broadcastUniqueId: boolean
  /** Deleting a channel that does not exist; default `ChannelNotRegistered`. 404 `BadPath` was reported. */
  readonly goneChannel: 'ChannelNotRegistered' | 'BadPath'
}

const DEFAULTS: Doubts = {
  missingPushType: 'infer',
  backgroundAtPriority10: 'BadPriority',
  lowestPriority: 'accept',
  capitalIds: 'BadMessageId',
  capitalTokens: 'accept',
  longestToken: 100,
  tokenOnlyTypes: ['location'],
  otherTeam: 'UnrelatedKeyIdInToken',
  addedTopic: 'TopicDisallowed',
  unassociatedTopic: 'TopicDisallowed',
  futureToken: 'InvalidProviderToken',
  derSignatures: 'accept',
  topicKeySubject: 'ignore',
  expiredTokenStatus: 410,
  broadcastExpiration: 'optional',
  broadcastPriority: 'optional',
  broadcastUniqueId: false,
  goneChannel: 'ChannelNotRegistered',
}

/** What is given, and the default for the rest. */
export function resolveDoubts(given: Partial<Doubts> = {}): Doubts {
  return { ...DEFAULTS, ...given }
}
