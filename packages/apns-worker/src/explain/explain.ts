import { authorityOf, checkedEnvironment, type Environment, providerApi } from '../backend/environment.js'
import { Message } from '../message.js'
import { checkedTopic } from '../message-checks.js'
import { topicFor } from '../push-type.js'
import { adviseOnPayload } from './aps-advice.js'
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
  /** The time; default: now. */
  readonly now?: Date | undefined
}

/**
 * A dry run: what a message would be as a request to Apple, every rule that it breaks, and what may surprise its sender.
 * Nothing is sent, and nothing is thrown for what is wrong with the message.
 *
 * @param message a `Message`; or what one would be made of, `{ payload, tokens, pushType, … }`, which may be wrong
 * @throws {TypeError} for options that make no sense, and for a broadcast
 */
export function explain(message: Message | MessageDraft, options: ExplainOptions = {}): Explanation {
  const { credentials = 'token', now = new Date() } = options
  if (credentials !== 'token' && credentials !== 'certificate')
    throw new TypeError(`credentials is ${JSON.stringify(credentials)}; it is 'token' or 'certificate'`)
  if (message instanceof Message && message.isBroadcast)
    throw new TypeError('explain is for messages to devices; a broadcast is another request')
  const findings = new Findings()
  const facts = message instanceof Message ? readMessage(message) : readDraft(message, findings)
  const target = targetOf(facts, options, credentials)
  const nowSeconds = now.getTime() / 1000
  adviseOnTopic(facts, target.topic, credentials, findings)
  adviseOnCredentials(facts.pushType, credentials, findings)
  adviseOnPriority(facts, findings)
  adviseOnExpiration(facts, nowSeconds, findings)
  adviseOnPayload(facts, findings)
  adviseOnLiveActivity(facts, nowSeconds, findings)
  return new Explanation(facts, target, findings.inOrder())
}

function targetOf(
  facts: Facts,
  options: ExplainOptions,
  credentials: 'token' | 'certificate',
): RequestTarget {
  const environment = checkedEnvironment(options.environment)
  const managerTopic = checkedTopic(options.topic)
  return {
    authority: authorityOf(providerApi(environment)),
    credentials,
    hasOwnAuthority: typeof environment === 'object' && environment.ca !== undefined,
    topic: facts.topic ?? (managerTopic === undefined ? undefined : topicFor(facts.pushType, managerTopic)),
  }
}
