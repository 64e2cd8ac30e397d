import type { MessageOptions, StoragePolicy } from 'apns-worker'

/** What a message of the outbox has for its content: all that `Message` takes but what the outbox knows itself. */
export interface MessageContent extends Omit<MessageOptions, 'expiration' | 'ambiguous' | 'apnsIds'> {
  readonly payload: object
  /** Unix seconds. */
  readonly expiration?: number | undefined
  /** The channel that it is for, instead of devices; its only token is then what {@link channelToken} gives. */
  readonly channel?: string | { readonly id: string; readonly storagePolicy: StoragePolicy } | undefined
  /** Of the request that stored it (W3C Trace Context), for whoever looks at how it was sent. */
  readonly traceparent?: string | undefined
}

/** What stands for a channel in the outbox's list of tokens: the bytes of its id, in hex. */
export function channelToken(channelId: string): string {
  return Buffer.from(channelId, 'base64').toString('hex')
}

/** As the outbox stores it. */
export function encodeContent(content: MessageContent): string {
  return JSON.stringify(content)
}

/** @throws {SyntaxError} for what {@link encodeContent} did not make; what makes no message is `Message`'s to say */
export function decodeContent(text: string): MessageContent {
  const content: unknown = JSON.parse(text)
  if (content === null || typeof content !== 'object' || !('payload' in content)) {
    throw new SyntaxError('the content is not an object with a payload')
  }
  return content as MessageContent
}
