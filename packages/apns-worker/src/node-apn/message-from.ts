import { BroadcastMessage, type BroadcastOptions } from '../broadcast/broadcast-message.js'
import { Message, type MessageOptions } from '../message.js'
import { MessageError } from '../message-error.js'
import { isPushType, type PushType } from '../push-type.js'
import type { NotificationHeaders } from './notification.js'

/** What `send` needs of a notification; those of node-apn itself have it too. */
export interface Sendable {
  headers(): NotificationHeaders
  compile(): string
}

/** The latest time that there is a number for, in the year 2106. */
const LATEST_EXPIRATION = 0xffff_ffff
/** Apple's own default. */
const DEFAULT_PRIORITY = 10

/**
 * The message that headers and a body of node-apn's stand for, at this moment.
 *
 * @throws {MessageError}
 */
export function messageFrom(headers: NotificationHeaders, body: string, tokens: readonly string[]): Message {
  const payload: unknown = JSON.parse(body)
  // That it is an object, the message checks.
  return new Message(tokens, payload as object, optionsFrom(headers, Date.now() / 1000))
}

function optionsFrom(headers: NotificationHeaders, nowSeconds: number): MessageOptions {
  const priority = headers['apns-priority']
  return {
    expiration: expirationFrom(headers['apns-expiration'], nowSeconds),
    // Left to Apple, 10 is the same; and a background push, which must not have it, gets its 5.
    priority: priority === DEFAULT_PRIORITY ? undefined : priority,
    topic: headers['apns-topic'],
    pushType: pushTypeFrom(headers['apns-push-type']),
    collapseId: headers['apns-collapse-id'],
    apnsId: headers['apns-id'],
    // What is odd in it, Apple has taken so far.
    unchecked: true,
  }
}

/**
 * The broadcast that they stand for. What the channel stores is not known here: without an expiry it is 0, which every channel
 * takes.
 *
 * @throws {MessageError}
 */
export function broadcastFrom(
  headers: NotificationHeaders,
  body: string,
  bundleId: string | undefined,
): BroadcastMessage {
  const payload: unknown = JSON.parse(body)
  const pushType = pushTypeFrom(headers['apns-push-type']) ?? 'liveactivity'
  if (pushType !== 'liveactivity')
    throw new MessageError('BAD_PUSH_TYPE', `pushType is ${pushType}; a broadcast is a liveactivity`)
  return new BroadcastMessage(headers['apns-channel-id'] ?? '', payload as object, {
    // `undefined` would be the manager's topic, and it has none.
    topic: bundleId ?? '',
    expiration: expirationFrom(headers['apns-expiration'], Date.now() / 1000) ?? 0,
    // Which ones there are, the message checks.
    priority: headers['apns-priority'] as BroadcastOptions['priority'],
    // Apple takes either for the id of a broadcast.
    apnsId: headers['apns-request-id'] ?? headers['apns-id'],
    unchecked: true,
  })
}

function pushTypeFrom(given: string | undefined): PushType | undefined {
  if (given === undefined || isPushType(given)) return given
  throw new MessageError('BAD_PUSH_TYPE', `pushType is ${JSON.stringify(given)}, which is none of Apple's`)
}

/**
 * What Apple makes of it. A time in the past, such as a number of seconds that was meant to be added to the present, is
 * tried once; one in milliseconds is far away, and nothing is stored for longer than 30 days anyway.
 */
function expirationFrom(expiry: unknown, nowSeconds: number): number | undefined {
  if (expiry === undefined) return undefined
  const seconds = expiry instanceof Date ? expiry.getTime() / 1000 : Number(expiry)
  if (seconds <= nowSeconds) return 0
  return Math.min(seconds, LATEST_EXPIRATION)
}
