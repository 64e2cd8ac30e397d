import type { Failure } from './error.js'
import type { Message } from './message.js'
import { encodeFrame, type FrameFields, type FrameFormat } from './protocol/gateway/frame.js'
import type { SettlementObserver } from './queue.js'
import { TokenList } from './token-list.js'

/** One message to one device. Made by {@link Message.notifications}, or by the queue when it is claimed. */
export class Notification {
  readonly message: Message
  /** 32 bits, unique among the notifications of a queue; undefined outside one. */
  readonly ident: number | undefined
  /** @internal The list that its token is in. */
  readonly tokens: TokenList
  /** @internal Where it is in that list. */
  readonly index: number

  // What the queue knows of it, kept here so that a claim costs one object.
  /** @internal */
  observer: SettlementObserver | undefined = undefined
  /** @internal Whose queue it is from, where several apps share a backend. */
  origin: object | undefined = undefined
  /** @internal */
  state: NotificationState = 'free'
  /** @internal Neighbours in the queue's list of claimed notifications. */
  previous: Notification | undefined = undefined
  /** @internal */
  next: Notification | undefined = undefined
  /** @internal When silence becomes success, on the queue's clock. */
  purgeAtMs = 0
  /** @internal How often Apple has answered "later" for it, or left its fate unknown. */
  attempts = 0
  /** @internal Why it may have been delivered already: an attempt whose fate is unknown. */
  doubt: Failure | undefined = undefined
  /** @internal How often the server refused its stream, unprocessed. */
  refusedStreams = 0
  /** @internal When its first attempt failed, on the backend's clock; 0 before that. */
  firstFailedAtMs = 0

  /**
   * @param encodedToken the bytes of the device token; or a list that it is in, with its index there
   */
  constructor(message: Message, encodedToken: Uint8Array | TokenList, ident: number | undefined, index = 0) {
    this.message = message
    this.ident = ident
    this.tokens = encodedToken instanceof Uint8Array ? TokenList.ofBytes(encodedToken) : encodedToken
    this.index = index
  }

  /** The device token, hex-encoded in lower case; of a broadcast, the channel's id. */
  get token(): string {
    return this.tokens.hex(this.index)
  }

  /** The device token's bytes. */
  get encodedToken(): Uint8Array {
    return this.tokens.bytes.subarray(this.tokens.start(this.index), this.tokens.end(this.index))
  }

  /**
   * The `apns-id` of its requests (a broadcast's `apns-request-id`): what the message was given; otherwise the message's random
   * one with the notification's ident in the last eight digits.
   */
  get apnsId(): string {
    return apnsIdOf(this.message, this.index, this.ident ?? 0)
  }

  /**
   * A complete frame of the retired binary protocol, ready to be put on the wire.
   *
   * @param options.format `items` (command 2, the default, and what the original library writes), `enhanced` (command
   *   1) or `simple` (command 0), for relays that know nothing newer
   */
  frame({ format = 'items' }: { readonly format?: FrameFormat } = {}): Uint8Array {
    return encodeFrame(format, this.frameFields)
  }

  /** @internal What a frame says of it. */
  get frameFields(): FrameFields {
    const { encodedPayload: payload, expiration, priority } = this.message
    return { token: this.encodedToken, payload, ident: this.ident, expiration, priority }
  }
}

/**
 * Where a notification is; never in two places.
 *
 * - `free`: in no queue (yet, or any more);
 * - `unclaimed`: in the queue, to be sent;
 * - `claimed`: given to the backend;
 * - `verdict`: taken out by `backtrack`, which names the one that failed or was sent last: the backend says which.
 */
export type NotificationState = 'free' | 'unclaimed' | 'claimed' | 'verdict'

/** The `apns-id` of a message's notification at an index, with this ident: a canonical UUID in lower case. */
export function apnsIdOf(message: Message, index: number, ident: number): string {
  const { apnsId, idPrefix } = message
  return apnsId ?? idPrefix + idNumberOf(message, index, ident).toString(16).padStart(8, '0')
}

/** What the last eight digits of that say. */
export function idNumberOf(message: Message, index: number, ident: number): number {
  return message.idNumbers?.[index] ?? ident
}
