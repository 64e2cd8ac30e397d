import { randomUUID } from 'node:crypto'
import { ChannelError } from '../broadcast/channel-error.js'
import { ChannelManager } from '../broadcast/channel-manager.js'
import { ManagerClosedError } from '../closing.js'
import type { Logger } from '../logger.js'
import { ApnsManager } from '../manager.js'
import { MessageError } from '../message-error.js'
import {
  type BroadcastResponses,
  failedBroadcast,
  failedChannelRequest,
  type OneResponse,
  responsesOf,
  sentBroadcast,
  unsentBroadcast,
} from './broadcast-responses.js'
import { type ChannelAction, isChannelAction, performAction } from './channel-action.js'
import { broadcastFrom, type Sendable } from './message-from.js'
import { broadcastOptions, channelOptions, type ProviderOptions } from './provider-options.js'
import { channelRefusalOf } from './refusal.js'
import { ProviderError } from './responses.js'

/** What a provider has for channels: made when it is first asked for, since most programs have none. */
export class Broadcasting {
  readonly #options: ProviderOptions
  readonly #maxConnections: number | undefined
  readonly #logger: Logger
  #broadcasts: ApnsManager | undefined
  #channels: ChannelManager | undefined
  /** Requests about channels that are not answered. */
  readonly #asked = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /**
   * @param maxConnections for broadcasts; undefined for the library's own default
   */
  constructor(options: ProviderOptions, maxConnections: number | undefined, logger: Logger) {
    this.#options = options
    this.#maxConnections = maxConnections
    this.#logger = logger
  }

  async broadcast(notifications: readonly Sendable[], bundleId: string): Promise<BroadcastResponses> {
    return responsesOf(await Promise.all(notifications.map((each) => this.#broadcast(each, bundleId))))
  }

  async manageChannels(
    notifications: readonly Sendable[],
    bundleId: string,
    action: ChannelAction,
  ): Promise<BroadcastResponses> {
    if (!isChannelAction(action))
      throw new ProviderError(
        `the action ${JSON.stringify(action)} is not supported: it is create, read, readAll or delete`,
      )
    return responsesOf(await Promise.all(notifications.map((each) => this.#manage(each, bundleId, action))))
  }

  /** Resolves when all is settled, and the connections are closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#broadcasts?.close({ timeout: Number.POSITIVE_INFINITY })
    await Promise.allSettled(this.#asked)
    await this.#channels?.close()
  }

  async #broadcast(notification: Sendable, bundleId: string): Promise<OneResponse> {
    const headers = notification.headers()
    try {
      this.#assertOpen()
      const message = broadcastFrom(headers, notification.compile(), bundleId)
      this.#broadcasts ??= this.#newSender()
      const delivery = this.#broadcasts.sendMessage(message)
      await delivery.done()
      const { apnsId, error } = delivery.outcomeAt(0)
      return error === undefined
        ? { success: sentBroadcast(bundleId, apnsId) }
        : { failure: failedBroadcast(bundleId, apnsId, error) }
    } catch (error) {
      return {
        failure: unsentBroadcast(bundleId, headers['apns-request-id'], whyUnsent(error, bundleId, headers)),
      }
    }
  }

  async #manage(notification: Sendable, bundleId: string, action: ChannelAction): Promise<OneResponse> {
    const headers = notification.headers()
    const requestId = headers['apns-request-id'] ?? randomUUID()
    try {
      this.#assertOpen()
      this.#channels ??= new ChannelManager(channelOptions(this.#options))
      const scope = { topic: bundleId, requestId }
      const asking = performAction(
        this.#channels,
        action,
        headers['apns-channel-id'],
        notification.compile(),
        scope,
      )
      this.#asked.add(asking)
      const answer = await asking.finally(() => this.#asked.delete(asking))
      return { success: { ...sentBroadcast(bundleId, requestId), ...answer } }
    } catch (error) {
      if (error instanceof ChannelError) return { failure: failedChannelRequest(bundleId, error) }
      return { failure: unsentBroadcast(bundleId, requestId, whyUnsent(error, bundleId, headers)) }
    }
  }

  #newSender(): ApnsManager {
    const limits = this.#maxConnections === undefined ? {} : { maxConnections: this.#maxConnections }
    return new ApnsManager({ ...broadcastOptions(this.#options), ...limits, logger: this.#logger })
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ManagerClosedError()
  }
}

/**
 * Apple's answer to what is not sent; or the error.
 *
 * @throws what is neither about the notification nor about the end of the provider
 */
function whyUnsent(
  error: unknown,
  bundleId: unknown,
  headers: { readonly 'apns-channel-id'?: string },
): ReturnType<typeof channelRefusalOf> | ManagerClosedError {
  if (error instanceof MessageError) return channelRefusalOf(error, bundleId, headers['apns-channel-id'])
  if (error instanceof ManagerClosedError) return error
  throw error
}
