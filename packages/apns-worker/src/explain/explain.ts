import { authorityOf, checkedEnvironment, type Environment, providerApi } from '../backend/environment.js'
import { BroadcastMessage } from '../broadcast/broadcast-message.js'
import type { BroadcastHost } from '../broadcast/hosts.js'
import { Message } from '../message.js'
import { checkedTopic } from '../message-checks.js'
import { topicFor } from '../push-type.js'
import { adviseOnPayload } from './aps-advice.js'
import { deviceRequest } from './device-request.js'
import { type BroadcastDraft, explainBroadcast } from './explain-broadcast.js'
import { Explanation } from './explanation.js'
import type { Facts, RequestTarget } from './facts.js'
import { Findings } from './finding.js'
import { adviseOnLiveActivity } from './live-activity-advice.js'
import { type MessageDraft, readDraft, readMessage } from './read-draft.js'
import { adviseOnCredentials, adviseOnExpiration, adviseOnPriority, adviseOnTopic } from './request-advice.js'

/** The manager that would send it, as far as it matters. */
export interface ExplainOptions {
  /** The manager's topic, for a message that names none. */
  readonly topic?: string | undefined
  /** Default: `'production'`. */
  readonly environment?: Environment | undefined
  /** How the manager authenticates: with a provider token (the default), or a client certificate. */
  readonly credentials?: 'token' | 'certificate' | undefined
  /** The manager's option of this name, for a broadcast. */
  readonly broadcastHost?: BroadcastHost | undefined
  /** The time; default: now. */
  readonly now?: Date | undefined
}

/**
 * A dry run: what a message would be as a request to Apple, every rule that it breaks, and what may surprise its sender.
 * Nothing is sent, and nothing is thrown for what is wrong with the message.
 *
 * @param message a `Message` or `BroadcastMessage`; or what one would be made of, `{ payload, tokens, pushType, … }` or
 *   `{ channel, payload, … }`, which may be wrong
 * @throws {TypeError} for options that make no sense
 */
export function explain(
  message: Message | MessageDraft | BroadcastDraft,
  options: ExplainOptions = {},
): Explanation {
  const { credentials = 'token', now = new Date() } = options
  if (credentials !== 'token' && credentials !== 'certificate')
    throw new TypeError(`credentials is ${JSON.stringify(credentials)}; it is 'token' or 'certificate'`)
  if (message instanceof BroadcastMessage || isBroadcastDraft(message))
    return explainBroadcast(message, { ...options, credentials, now })
  const findings = new Findings()
  const facts = message instanceof Message ? readMessage(message) : readDraft(message, findings)
  const target = targetOf(facts, options, credentials)
  const nowSeconds = now.getTime() / 1000
  adviseOnTopic(facts, target.topic, checkedTopic(options.topic), credentials, findings)
  adviseOnCredentials(facts.pushType, credentials, findings)
  adviseOnPriority(facts, findings)
  adviseOnExpiration(facts, nowSeconds, findings)
  adviseOnPayload(facts, findings)
  adviseOnLiveActivity(facts, nowSeconds, findings)
  return new Explanation(facts, deviceRequest(facts, target), findings.inOrder())
}

function isBroadcastDraft(message: Message | MessageDraft | BroadcastDraft): message is BroadcastDraft {
  return !(message instanceof Message) && 'channel' in message
}

function targetOf(
  facts: Facts,
  options: ExplainOptions,
  credentials: 'token' | 'certificate',
): RequestTarget {
  const environment = checkedEnvironment(options.environment)
  const managerTopic = checkedTopic(options.topic)
  return {
    receiver: 'device',
    authority: authorityOf(providerApi(environment)),
    credentials,
    hasOwnAuthority: typeof environment === 'object' && environment.ca !== undefined,
    topic: facts.topic ?? (managerTopic === undefined ? undefined : topicFor(facts.pushType, managerTopic)),
  }
}
