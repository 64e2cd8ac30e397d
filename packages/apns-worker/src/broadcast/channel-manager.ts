import { randomUUID } from 'node:crypto'
import { authorityOf, checkedEnvironment, environmentName } from '../backend/environment.js'
import { type NetworkOptions, resolveNetworkOptions } from '../backend/network-options.js'
import { RetryPolicy } from '../backend/retry-policy.js'
import { type CredentialOptions, loadCredentials } from '../credentials/credentials.js'
import { type ApnsManagerOptions, checkedName, checkNumber } from '../manager-options.js'
import { checkedApnsId, checkedTopic } from '../message-checks.js'
import {
  type Channel,
  checkCertificateTopics,
  checkedBundleId,
  checkedChannelId,
  checkedStoragePolicy,
  type StoragePolicy,
} from './channel.js'
import { badAnswer, idsIn, policyIn, policyNumber } from './channel-answer.js'
import type { ChannelRequest } from './channel-call.js'
import { ChannelLine } from './channel-line.js'
import type { ChannelStats } from './channel-stats.js'
import { channelTarget } from './hosts.js'

export interface ChannelManagerOptions
  extends CredentialOptions,
    Pick<ApnsManagerOptions, 'environment' | 'name' | 'proxy' | 'topic'>,
    Pick<
      NetworkOptions,
      'connectTimeout' | 'requestTimeout' | 'maxAttempts' | 'retryDelay' | 'maxRetryDelay'
    > {
  /** Seconds for a request, with all its attempts and the waits between them. Default: 60. */
  readonly timeout?: number | undefined
}

/** Whose channels are meant. */
export interface ChannelScope {
  /** The app's bundle id, without any suffix. Default: the manager's topic. */
  readonly topic?: string | undefined
  /** The `apns-request-id` of the request: a UUID of the caller's own, sent in lower case. Default: a new one. */
  readonly requestId?: string | undefined
}

export interface NewChannel extends ChannelScope {
  /** What Apple keeps for devices that are not connected; it can not be changed later. */
  readonly storagePolicy: StoragePolicy
}

const DEFAULT_TIMEOUT = 60
const PUSH_TYPE = 'LiveActivity'

/**
 * Creates, reads, deletes and lists the channels of an app: at Apple's own service for that, on ports that a firewall has
 * to let through (2196, and 2195 for the sandbox). It takes the options of an `ApnsManager`.
 *
 * Each method gives a promise, which is rejected with a `ChannelError` when Apple refuses, or can not be reached; or with a
 * `MessageError` for an argument that makes no sense. "Later" is waited for, and what was not answered is asked again, but
 * for `create`, which would make another channel.
 *
 * It connects when there is something to ask, and an idle connection keeps no process alive. Whoever makes one closes it:
 * `await channels.close()`, or `await using`.
 *
 * Source: Apple, "Sending channel management requests to APNs".
 */
export class ChannelManager implements AsyncDisposable {
  /** What it is called in the events of `channels`. */
  readonly name: string
  readonly #line: ChannelLine
  readonly #topic: string | undefined
  readonly #certificateTopics: readonly string[]

  /**
   * @throws {CredentialError} for a credential that cannot work, with the cause in words
   * @throws {MessageError} for a topic that is no bundle id
   * @throws {TypeError} or {RangeError} for any other option that makes no sense
   */
  constructor(options: ChannelManagerOptions = {}) {
    const { timeout = DEFAULT_TIMEOUT } = options
    checkNumber(timeout, 0, 'timeout', 'seconds')
    const environment = checkedEnvironment(options.environment)
    const credentials = loadCredentials(options, {
      environment: environmentName(environment),
      now: Date.now,
    })
    const network = resolveNetworkOptions({ ...options, maxRetryTime: timeout })
    const target = channelTarget(environment, credentials, options.proxy)
    this.#topic = checkedTopic(options.topic)
    if (this.#topic !== undefined) checkedBundleId(this.#topic)
    this.#certificateTopics =
      credentials.kind === 'certificate' ? credentials.certificate.topics.map(({ topic }) => topic) : []
    this.name = checkedName(options.name)
    this.#line = new ChannelLine({
      name: this.name,
      target,
      authority: authorityOf(target),
      credentials,
      policy: new RetryPolicy(network, Math.random),
      connectTimeout: network.connectTimeout,
      requestTimeoutMs: network.requestTimeout * 1000,
      timeoutMs: network.maxRetryTime * 1000,
    })
  }

  /**
   * Makes a channel. Apple allows 10,000 for each app and environment; they stay until they are deleted.
   *
   * When its fate is unknown (`ChannelError.code`), it is not tried again; `list` tells whether there is one more.
   */
  async create(channel: NewChannel): Promise<Channel> {
    // Its type says that it is there; JavaScript does not.
    const { storagePolicy, ...scope }: Partial<NewChannel> = channel ?? {}
    const policy = checkedStoragePolicy(storagePolicy)
    const body = JSON.stringify({ 'message-storage-policy': policyNumber(policy), 'push-type': PUSH_TYPE })
    const request = this.#request('create', scope, { body })
    const answer = await this.#line.call(request)
    const id = answer.fields.get('apns-channel-id')
    if (id === undefined || id === '') throw badAnswer(request, answer)
    return { id, storagePolicy: policy }
  }

  /** What Apple knows of a channel. */
  async read(channel: string | Pick<Channel, 'id'>, scope: ChannelScope = {}): Promise<Channel> {
    const channelId = idOf(channel)
    const request = this.#request('read', scope, { channelId })
    const answer = await this.#line.call(request)
    const storagePolicy = policyIn(answer.body)
    if (storagePolicy === undefined) throw badAnswer(request, answer)
    return { id: channelId, storagePolicy }
  }

  /** Deletes a channel for good. What Apple keeps of it may still reach devices. */
  async delete(channel: string | Pick<Channel, 'id'>, scope: ChannelScope = {}): Promise<void> {
    await this.#line.call(this.#request('delete', scope, { channelId: idOf(channel) }))
  }

  /** The ids of all channels of the app. */
  async list(scope: ChannelScope = {}): Promise<string[]> {
    const request = this.#request('list', scope, {})
    const answer = await this.#line.call(request)
    const ids = idsIn(answer.body)
    if (ids === undefined) throw badAnswer(request, answer)
    return ids
  }

  /** Counters since it was made, and how things are now: a plain object of one's own. */
  stats(): ChannelStats {
    return this.#line.stats()
  }

  /** Disconnects. Requests that are not answered are rejected. Idempotent. */
  async close(): Promise<void> {
    await this.#line.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #request(
    operation: ChannelRequest['operation'],
    scope: ChannelScope,
    details: Pick<ChannelRequest, 'channelId' | 'body'>,
  ): ChannelRequest {
    const topic = checkedBundleId(checkedTopic(scope.topic) ?? this.#topic)
    checkCertificateTopics(topic, this.#certificateTopics)
    const path = `/1/apps/${topic}/${operation === 'list' ? 'all-channels' : 'channels'}`
    const requestId = checkedApnsId(scope.requestId) ?? randomUUID()
    return { operation, method: METHODS[operation], path, topic, requestId, ...details }
  }
}

const METHODS = { create: 'POST', read: 'GET', delete: 'DELETE', list: 'GET' } as const

function idOf(channel: unknown): string {
  const isObject = channel !== null && typeof channel === 'object' && 'id' in channel
  return checkedChannelId(isObject ? channel.id : channel)
}
