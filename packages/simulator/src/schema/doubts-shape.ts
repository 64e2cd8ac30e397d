import type { Doubts } from '../doubts.js'
import { PUSH_TYPES, type PushTypeName } from '../push-types.js'
import { integer, list, object, type Shape, single, truth, word } from './shape.js'

/** No limit is published; the headers of a request may have 8,000 bytes together. */
const LONGEST_TOKEN = 2000

const pushType: Shape<PushTypeName> = word(...Array.from(PUSH_TYPES.values(), ({ name }) => name))

/** How doubts are decided. */
export const DOUBTS: Shape<Partial<Doubts>> = object<Partial<Doubts>>({
  missingPushType: word('infer', 'InvalidPushType', 'MissingPushType'),
  backgroundAtPriority10: word('BadPriority', 'accept'),
  lowestPriority: word('accept', 'BadPriority'),
  capitalIds: word('BadMessageId', 'accept'),
  capitalTokens: word('accept', 'BadDeviceToken'),
  longestToken: integer(1, LONGEST_TOKEN),
  tokenOnlyTypes: list(pushType),
  otherTeam: word('UnrelatedKeyIdInToken', 'InvalidProviderToken', 'Forbidden'),
  addedTopic: word('TopicDisallowed', 'Forbidden', 'BadTopic'),
  unassociatedTopic: word('TopicDisallowed', 'Forbidden', 'InvalidProviderToken'),
  futureToken: word('InvalidProviderToken', 'ExpiredProviderToken'),
  derSignatures: word('accept', 'InvalidProviderToken'),
  topicKeySubject: word('ignore', 'require'),
  expiredTokenStatus: single('number', '410 or 400', (value) =>
    value === 410 || value === 400 ? value : undefined,
  ),
  broadcastExpiration: word('optional', 'required'),
  broadcastPriority: word('optional', 'required'),
  broadcastUniqueId: truth(),
  goneChannel: word('ChannelNotRegistered', 'BadPath'),
})
