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
import { MessageError } from '../message-error.js'
import { checkIsObject, encodeUnchecked, inPayload } from '../payload/encode.js'
import { checkPayload } from '../payload/rules.js'
import { isPushType, type PushType, pushTypeOfTopic } from '../push-type.js'
import { TokenList } from '../token-list.js'
import type { Facts, PushTypeSource } from './facts.js'
import { type Findings, PAGES } from './finding.js'

/** What a message would be made of; unlike a `Message`, it may be wrong. */
export interface MessageDraft extends MessageOptions {
  readonly payload: object
  readonly tokens?: Iterable<string> | undefined
}

/** What is known of a message that could be made: nothing is wrong with it by itself. */
export function readMessage(message: Message): Facts {
  const { payload, payloadText, pushType, topic, priority, expiration, collapseId } = message
  return {
    ...{ payload, payloadText, pushType, topic, priority, expiration, collapseId },
    pushTypeFrom: undefined,
    apnsId: message.apnsId ?? `${message.idPrefix}xxxxxxxx`,
    devices: message.length,
  }
}

/** Makes every check that `new Message` makes, and goes on after each that fails. */
export function readDraft(draft: MessageDraft, findings: Findings): Facts {
  const attempt = <T>(where: string, page: string, read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      findings.error(error.path ?? where, problemOf(error, where), page)
      return undefined
    }
  }
  const { request } = PAGES
  const payload = attempt('payload', PAGES.payload, () => checkedPayload(draft.payload)) ?? {}
  const givenTopic = attempt('topic', request, () => checkedTopic(draft.topic))
  attempt('pushType', request, () => resolvePushType(draft.pushType, givenTopic, payload))
  const named = isPushType(draft.pushType) ? draft.pushType : undefined
  const pushType = resolvePushType(named, givenTopic, payload)
  const topic =
    attempt('topic', request, () => fittingTopic(givenTopic, pushType, named !== undefined)) ?? givenTopic
  const payloadText = attempt('payload', PAGES.payload, () => encode(payload, pushType, findings))
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
    pushTypeFrom: sourceOf(named, givenTopic),
    apnsId: apnsId ?? 'xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx',
    devices: tokens?.length ?? 0,
  }
}

function checkedPayload(payload: unknown): object {
  checkIsObject(payload)
  return payload
}

/**
 * The payload as JSON, and what the receiver would find wrong with it.
 *
 * @throws {MessageError} if it can have none
 */
function encode(payload: object, pushType: PushType, findings: Findings): string {
  const text = encodeUnchecked(payload)
  const page = pushType === 'liveactivity' ? PAGES.liveActivity : PAGES.payload
  const report = (path: string, problem: string): void => findings.error(inPayload(path), problem, page)
  checkPayload(JSON.parse(text) as object, pushType, report)
  return text
}

/** What the receiver sees. */
function asSent(payload: object, text: string | undefined): Record<string, unknown> {
  // It was made from an object; one that cannot be encoded is looked at as it is.
  return (text === undefined ? payload : JSON.parse(text)) as Record<string, unknown>
}

function sourceOf(named: PushType | undefined, topic: string | undefined): PushTypeSource {
  if (named !== undefined) return 'option'
  return topic !== undefined && pushTypeOfTopic(topic) !== undefined ? 'topic' : 'payload'
}

/** The error's message without the place, which the finding has already. */
function problemOf({ message, path }: MessageError, where: string): string {
  const start = path === undefined ? `${where} ` : `${path}: `
  return message.startsWith(start) ? message.slice(start.length) : message
}
