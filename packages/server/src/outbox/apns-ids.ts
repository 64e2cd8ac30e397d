import { randomUUID } from 'node:crypto'

/** How much of an id is its message's: all but the last eight digits. */
const PREFIX_LENGTH = 28
const INDEX_DIGITS = 8
/** As many as eight digits tell apart. */
export const MAX_MESSAGE_TOKENS: number = 2 ** 32

/** A new message's id: a random UUID (version 4) whose last eight digits are 0. */
export function newMessageId(): string {
  return randomUUID().slice(0, PREFIX_LENGTH) + '0'.repeat(INDEX_DIGITS)
}

/**
 * The `apns-id` of a message's token: the message's id, with the token's index in the last eight digits. So a token that is
 * sent again, by whomever, has the id that it had, and an id in a log leads back to its message.
 */
export function apnsIdAt(messageId: string, index: number): string {
  return messageId.slice(0, PREFIX_LENGTH) + index.toString(16).padStart(INDEX_DIGITS, '0')
}
