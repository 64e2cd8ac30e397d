import { describeValue } from '../describe-value.js'
import { MessageError } from '../message-error.js'
import { pushTypeOfTopic } from '../push-type.js'

/**
 * What Apple keeps of a channel for devices that are not connected; settled when the channel is created. `none`: nothing,
 * with a larger budget for broadcasts. `latest`: the most recent broadcast, for eight hours at most.
 *
 * Source: Apple, "Sending channel management requests to APNs".
 */
export type StoragePolicy = 'none' | 'latest'

/** A channel of an app: many devices listen to one Live Activity. */
export interface Channel {
  /** Base64, as Apple gave it. */
  readonly id: string
  readonly storagePolicy: StoragePolicy
}

/** What a broadcast goes to: what `ChannelManager` gave; or the id, with or without what the channel stores. */
export type ChannelReference =
  | string
  | { readonly id: string; readonly storagePolicy?: StoragePolicy | undefined }

/** Apple says not to assume a length. Its servers take 8,000 bytes for all the fields of a request. */
const MAX_ID_LENGTH = 1024
/** With or without its padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/**
 * @throws {MessageError} `BAD_CHANNEL`
 */
export function checkedChannelId(id: unknown): string {
  if (typeof id !== 'string' || id === '')
    throw new MessageError('BAD_CHANNEL', 'the id of the channel is missing; give what create() gave')
  if (id.length > MAX_ID_LENGTH || !BASE64.test(id))
    throw new MessageError(
      'BAD_CHANNEL',
      `channel ${describeValue(id)} is no channel id; these are in base64`,
    )
  return id
}

/**
 * @throws {MessageError} `BAD_CHANNEL`
 */
export function checkedStoragePolicy(policy: unknown): StoragePolicy {
  if (policy === 'none' || policy === 'latest') return policy
  throw new MessageError(
    'BAD_CHANNEL',
    `storagePolicy is ${describeValue(policy)}; it is 'none' or 'latest', as the channel was created`,
  )
}

/**
 * The bundle id of an app, which broadcasts and channels go by: a topic without the suffix of a push type.
 *
 * @param topic a well-formed one
 * @throws {MessageError} `BAD_TOPIC`
 */
export function checkedBundleId(topic: string | undefined): string {
  if (topic === undefined)
    throw new MessageError('BAD_TOPIC', "there is no topic; give the app's bundle id, here or to the manager")
  const pushType = pushTypeOfTopic(topic)
  if (pushType === undefined) return topic
  throw new MessageError(
    'BAD_TOPIC',
    `topic ${topic} ends in the suffix of push type ${pushType}; broadcasts and channels go by the bundle id alone`,
  )
}

/**
 * @param certificateTopics those that a client certificate is good for; empty when it names none, or with provider tokens
 * @throws {MessageError} `BAD_TOPIC`
 */
export function checkCertificateTopics(bundleId: string, certificateTopics: readonly string[]): void {
  if (certificateTopics.length === 0 || certificateTopics.includes(bundleId)) return
  throw new MessageError(
    'BAD_TOPIC',
    `topic ${bundleId} is not one of the certificate's: ${certificateTopics.join(', ')}`,
  )
}
