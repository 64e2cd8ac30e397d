import { EventEmitter } from 'node:events'
import { ManagerClosedError } from '../closing.js'
import type { Delivery, Outcome } from '../delivery.js'
import { ApnsManager } from '../manager.js'
import type { Message } from '../message.js'
import { MessageError } from '../message-error.js'
import { isDeviceToken } from '../token-list.js'
import type { BroadcastResponses } from './broadcast-responses.js'
import { Broadcasting } from './broadcasting.js'
import type { ChannelAction } from './channel-action.js'
import { messageFrom, type Sendable } from './message-from.js'
import type { NotificationHeaders } from './notification.js'
import { type LogFunction, ProviderLog } from './provider-log.js'
import {
  clientCountFrom,
  type MultiProviderOptions,
  managerOptions,
  type ProviderOptions,
} from './provider-options.js'
import { type Refusal, refusalOf, tokenRefusal } from './refusal.js'
import {
  failedResponse,
  type ResponseFailure,
  type ResponseSent,
  type Responses,
  sentResponse,
  unsentResponse,
} from './responses.js'

class NotificationSender extends EventEmitter {
  readonly #apns: ApnsManager
  readonly #log = new ProviderLog()
  readonly #broadcasting: Broadcasting

  constructor(options: ProviderOptions, maxConnections: number | undefined) {
    super()
    const limits = maxConnections === undefined ? {} : { maxConnections }
    this.#apns = new ApnsManager({ ...managerOptions(options), ...limits, logger: this.#log })
    this.#broadcasting = new Broadcasting(options, maxConnections, this.#log)
    // Dead tokens are in the answers; nobody asks for them a second time.
    this.#apns.getFeedback(() => {})
  }

  /**
   * Sends a notification, as it is now, to one device token or to any number of them.
   *
   * @returns what became of each, in the order given, once all is known; it rejects only where the notification can not
   *   be made into JSON
   */
  async send(
    notification: Sendable,
    recipients: string | readonly string[],
  ): Promise<Responses<ResponseSent, ResponseFailure>> {
    const devices: readonly string[] = typeof recipients === 'string' ? [recipients] : recipients
    const delivery = this.#deliver(
      notification.headers(),
      notification.compile(),
      devices.filter(isDeviceToken),
    )
    if (!isDelivery(delivery)) {
      return { sent: [], failed: devices.map((device) => unsentResponse(device, delivery)) }
    }
    await delivery.done()
    return responsesOf(devices, delivery)
  }

  /**
   * Sends each notification to its channel, for all the devices that listen.
   *
   * @param bundleId the app, without any suffix
   * @returns what became of each, once all is known; it rejects only where one can not be made into JSON
   */
  async broadcast(
    notifications: Sendable | readonly Sendable[],
    bundleId: string,
  ): Promise<BroadcastResponses> {
    return this.#broadcasting.broadcast(listOf(notifications), bundleId)
  }

  /**
   * Creates, reads or deletes the channel of each notification, or reads the ids of all.
   *
   * @param bundleId the app, without any suffix
   * @param action `create` takes `message-storage-policy` and `push-type` from the payload, `read` and `delete` take `channelId`
   * @returns what became of each, once all is known; it rejects only for an action that there is not
   */
  async manageChannels(
    notifications: Sendable | readonly Sendable[],
    bundleId: string,
    action: ChannelAction,
  ): Promise<BroadcastResponses> {
    return this.#broadcasting.manageChannels(listOf(notifications), bundleId, action)
  }

  /**
   * Where log lines go; a function is called while its property `enabled` is true.
   *
   * @param errorLogger for trouble; default: the same
   */
  setLogger(logger: LogFunction, errorLogger?: LogFunction | null): void {
    this.#log.use(logger, errorLogger ?? logger)
  }

  /**
   * Closes the connections once everything that was sent is settled.
   *
   * @param callback called then; the promise resolves after it
   */
  async shutdown(callback?: () => unknown): Promise<void> {
    await Promise.all([this.#apns.close({ timeout: Number.POSITIVE_INFINITY }), this.#broadcasting.close()])
    callback?.()
  }

  #deliver(
    headers: NotificationHeaders,
    body: string,
    tokens: readonly string[],
  ): Delivery | Refusal | Error {
    const topic = headers['apns-topic']
    let message: Message | undefined
    try {
      message = messageFrom(headers, body, tokens)
      return this.#apns.sendMessage(message)
    } catch (cause) {
      if (cause instanceof ManagerClosedError) return cause
      if (cause instanceof MessageError) return refusalOf(cause, topic, message !== undefined)
      throw cause
    }
  }
}

/**
 * Sends notifications as the class of this name in `@parse/node-apn` does, with the same options and answers, over this
 * library's connections. Whoever makes one shuts it down.
 */
export class Provider extends NotificationSender {
  /**
   * @throws {CredentialError} for a credential that can not work
   * @throws {TypeError} for any other option that makes no sense
   */
  constructor(options: ProviderOptions = {}) {
    super(options, undefined)
  }
}

/** A {@link Provider} with a number of connections of the caller's choice. */
export class MultiProvider extends NotificationSender {
  /**
   * @throws {CredentialError} for a credential that can not work
   * @throws {TypeError} for any other option that makes no sense
   */
  constructor(options: MultiProviderOptions = {}) {
    super(options, clientCountFrom(options))
  }
}

function listOf(notifications: Sendable | readonly Sendable[]): readonly Sendable[] {
  return 'compile' in notifications ? [notifications] : notifications
}

function isDelivery(value: Delivery | Refusal | Error): value is Delivery {
  return 'message' in value && !(value instanceof Error)
}

function responsesOf(
  devices: readonly string[],
  delivery: Delivery,
): Responses<ResponseSent, ResponseFailure> {
  const outcomes = outcomesByToken(delivery)
  const responses: Responses<ResponseSent, ResponseFailure> = { sent: [], failed: [] }
  for (const device of devices) {
    // A token that is in the list twice has two outcomes.
    const outcome = isDeviceToken(device) ? outcomes.get(device.toLowerCase())?.pop() : undefined
    if (outcome === undefined) responses.failed.push(unsentResponse(device, tokenRefusal(device)))
    else if (outcome.error === undefined) responses.sent.push(sentResponse(device, outcome))
    else responses.failed.push(failedResponse(device, outcome.apnsId, outcome.error))
  }
  return responses
}

function outcomesByToken(delivery: Delivery): Map<string, Outcome[]> {
  const outcomes = new Map<string, Outcome[]>()
  for (let position = 0; position < delivery.settledCount; position++) {
    const outcome = delivery.outcomeAt(position)
    const others = outcomes.get(outcome.token)
    if (others === undefined) outcomes.set(outcome.token, [outcome])
    else others.push(outcome)
  }
  return outcomes
}
