import type { Message, MessageOptions } from '../message.js'
import {
  checkedAmbiguous,
  checkedApnsId,
  checkedCollapseId,
  checkedPriority,
  checkedTopic,
  checkPriorityFits,
  checkSize,
  fittingTopic,
  resolvePushType,
  unixSeconds,
} from '../message-checks.js'
import { isPushType, type PushType, pushTypeOfTopic } from '../push-type.js'
import { TokenList } from '../token-list.js'
import type { Facts, PushTypeSource } from './facts.js'
import { type Findings, PAGES } from './finding.js'
import { asSent, checkedPayload, encodeDraft } from './payload-as-sent.js'

/** What a message would be made of; unlike a `Message`, it may be wrong. */
export interface MessageDraft extends MessageOptions {
  readonly payload: object
  readonly tokens?: Iterable<string> | undefined
}

/** What is known of a message that could be made: nothing is wrong with it by itself. */
export function readMessage(message: Message): Facts {
  const { payload, payloadText, pushType, typeIsNamed, topic, priority, expiration, collapseId } = message
  return {
    ...{ payload, payloadText, pushType, typeIsNamed, topic, priority, expiration, collapseId },
    pushTypeFrom: undefined,
    apnsId: message.apnsId ?? `${message.idPrefix}xxxxxxxx`,
    devices: message.length,
  }
}

/** Makes every check that `new Message` makes, and goes on after each that fails. */
export function readDraft(draft: MessageDraft, findings: Findings): Facts {
  const attempt = <T>(where: string, page: string, check: () => T): T | undefined =>
    findings.attempt(where, page, check)
  const { request } = PAGES
  const payload = attempt('payload', PAGES.payload, () => checkedPayload(draft.payload)) ?? {}
  const givenTopic = attempt('topic', request, () => checkedTopic(draft.topic))
  attempt('pushType', request, () => resolvePushType(draft.pushType, givenTopic, payload))
  const named = isPushType(draft.pushType) ? draft.pushType : undefined
  const pushType = resolvePushType(named, givenTopic, payload)
  const topic =
    attempt('topic', request, () => fittingTopic(givenTopic, pushType, named !== undefined)) ?? givenTopic
  const payloadText = attempt('payload', PAGES.payload, () => encodeDraft(payload, pushType, findings))
  if (payloadText !== undefined)
    attempt('payload', request, () => checkSize(pushType, Buffer.byteLength(payloadText)))
  const expiration = attempt('expiration', request, () => unixSeconds(draft.expiration))
  const priority = attempt('priority', request, () => checkedPriority(draft.priority))
  attempt('priority', request, () => checkPriorityFits(named, priority))
  const collapseId = attempt('collapseId', request, () => checkedCollapseId(draft.collapseId))
  const apnsId = attempt('apnsId', request, () => checkedApnsId(draft.apnsId))
  attempt('ambiguous', request, () => checkedAmbiguous(draft.ambiguous))
  const tokens = attempt('tokens', request, () => TokenList.from(draft.tokens ?? []))
  return {
    ...{
      payload: asSent(payload, payloadText),
      payloadText,
      pushType,
      topic,
      priority,
      expiration,
      collapseId,
    },
    typeIsNamed: named !== undefined,
    pushTypeFrom: sourceOf(named, givenTopic),
    apnsId: apnsId ?? 'xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx',
    devices: tokens?.length ?? 0,
  }
}

function sourceOf(named: PushType | undefined, topic: string | undefined): PushTypeSource {
  if (named !== undefined) return 'option'
  return topic !== undefined && pushTypeOfTopic(topic) !== undefined ? 'topic' : 'payload'
}
