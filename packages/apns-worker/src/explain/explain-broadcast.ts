/** A dry run of a broadcast. */
import { authorityOf, checkedEnvironment, providerApi } from '../backend/environment.js'
import {
  checkBroadcastSize,
  checkedBroadcastPriority,
  checkedChannel,
  expirationFor,
  isStart,
  type KnownChannel,
  MAX_BROADCAST_BYTES,
  refuseStart,
} from '../broadcast/broadcast-checks.js'
import { BroadcastMessage, type BroadcastOptions } from '../broadcast/broadcast-message.js'
import { type ChannelReference, checkedBundleId } from '../broadcast/channel.js'
import { broadcastService } from '../broadcast/hosts.js'
import { checkedAmbiguous, checkedTopic, unixSeconds } from '../message-checks.js'
import { encodeUnchecked } from '../payload/encode.js'
import { adviseOnPayload } from './aps-advice.js'
import { adviseOnBroadcast } from './broadcast-advice.js'
import type { ExplainOptions } from './explain.js'
import { Explanation } from './explanation.js'
import type { Facts, RequestTarget } from './facts.js'
import { Findings, PAGES } from './finding.js'
import { givenFields } from './given-fields.js'
import { adviseOnLiveActivity } from './live-activity-advice.js'
import { asSent, checkedPayload, reportFaults } from './payload-as-sent.js'
import { adviseOnBudget } from './request-advice.js'

/** What a broadcast would be made of; unlike a `BroadcastMessage`, it may be wrong. */
export interface BroadcastDraft extends BroadcastOptions {
  readonly channel: ChannelReference
  readonly payload: object
}

/** What is known of a broadcast; what could not be read is left out, and is a finding. */
export interface BroadcastFacts extends Facts {
  readonly channel: KnownChannel | undefined
  /** Unix seconds. */
  readonly sendBy: number | undefined
}

export function explainBroadcast(
  broadcast: BroadcastMessage | BroadcastDraft,
  options: ExplainOptions & { readonly credentials: 'token' | 'certificate'; readonly now: Date },
): Explanation {
  const findings = new Findings()
  const nowSeconds = options.now.getTime() / 1000
  const facts =
    broadcast instanceof BroadcastMessage
      ? readMessage(broadcast)
      : readBroadcastDraft(broadcast, nowSeconds, findings)
  const target = targetOf(facts, options, findings)
  if (facts.priority !== undefined) adviseOnBudget(facts, findings)
  adviseOnBroadcast(facts, nowSeconds, findings)
  if (!isStart(facts.payload)) {
    adviseOnPayload(facts, findings)
    adviseOnLiveActivity(facts, nowSeconds, findings)
  }
  const request = {
    target,
    path: `/4/broadcasts/apps/${target.topic ?? '$TOPIC'}`,
    headers: headersOf(facts, target),
    payloadLimit: MAX_BROADCAST_BYTES,
    channelId: facts.channel?.id,
  }
  return new Explanation(facts, request, findings.inOrder())
}

function readMessage(message: BroadcastMessage): BroadcastFacts {
  const { payload, payloadText, topic, priority, expiration, channelId, storagePolicy, sendBy } = message
  return {
    ...{ ...COMMON, payload, payloadText, topic, priority, expiration, sendBy },
    apnsId: `${message.idPrefix}xxxxxxxx`,
    channel: { id: channelId, storagePolicy },
  }
}

/** Makes every check that `new BroadcastMessage` makes, and goes on after each that fails. */
function readBroadcastDraft(draft: BroadcastDraft, nowSeconds: number, findings: Findings): BroadcastFacts {
  const { broadcast } = PAGES
  const attempt = <T>(where: string, check: () => T): T | undefined =>
    findings.attempt(where, broadcast, check)
  const channel = attempt('channel', () => checkedChannel(draft.channel))
  const given = findings.attempt('payload', PAGES.payload, () => checkedPayload(draft.payload)) ?? {}
  const payloadText = findings.attempt('payload', PAGES.payload, () => encodeUnchecked(given))
  const payload = asSent(given, payloadText)
  attempt('payload', () => refuseStart(payload))
  if (payloadText !== undefined) {
    // What else a start needs is of no interest.
    if (!isStart(payload)) reportFaults(payload, COMMON.pushType, findings)
    attempt('payload', () => checkBroadcastSize(Buffer.byteLength(payloadText)))
  }
  // Without a channel, what it takes is not known.
  const expiration =
    channel === undefined
      ? attempt('expiration', () => unixSeconds(draft.expiration))
      : attempt('expiration', () => expirationFor(channel.storagePolicy, draft.expiration, nowSeconds))
  const priority = attempt('priority', () => checkedBroadcastPriority(draft.priority))
  const topic = attempt('topic', () => checkedTopic(draft.topic))
  const sendBy = attempt('sendBy', () => unixSeconds(draft.sendBy, 'sendBy'))
  attempt('ambiguous', () => checkedAmbiguous(draft.ambiguous))
  return {
    ...{ ...COMMON, payload, payloadText, topic, priority, expiration, channel },
    sendBy: sendBy ?? (expiration === 0 ? undefined : expiration),
    apnsId: 'xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx',
  }
}

const COMMON = {
  pushType: 'liveactivity',
  pushTypeFrom: undefined,
  typeIsNamed: true,
  collapseId: undefined,
  devices: 0,
} as const

function targetOf(
  facts: Facts,
  options: ExplainOptions & { readonly credentials: 'token' | 'certificate' },
  findings: Findings,
): RequestTarget {
  const { environment, hosts } = broadcastService(
    checkedEnvironment(options.environment),
    options.broadcastHost,
  )
  const managerTopic = checkedTopic(options.topic)
  const isFound = findings.isAbout('topic')
  const topic = isFound
    ? undefined
    : findings.attempt('topic', PAGES.broadcast, () => checkedBundleId(facts.topic ?? managerTopic))
  return {
    receiver: 'channel',
    authority: authorityOf(providerApi(environment, hosts)),
    credentials: options.credentials,
    hasOwnAuthority: typeof environment === 'object' && environment.ca !== undefined,
    topic,
  }
}

/** As the backend writes them. */
function headersOf(
  { channel, pushType, priority, expiration, apnsId }: BroadcastFacts,
  { credentials }: RequestTarget,
): (readonly [name: string, value: string])[] {
  return givenFields([
    ['authorization', credentials === 'token' ? 'bearer $JWT' : undefined],
    ['apns-channel-id', channel?.id],
    ['apns-push-type', pushType],
    ['apns-priority', priority?.toString()],
    ['apns-expiration', expiration?.toString()],
    ['apns-request-id', apnsId],
  ])
}
