import type { Delivery } from '../delivery/delivery.js'
import type { ResolvedOptions } from '../options.js'
import { type ReceivedNotification, Recorder } from '../received.js'
import { type RuleContext, Rules } from '../rules.js'
import { CHANNEL_RULE } from '../schema/rule-shape.js'
import type { Service } from '../service.js'
import type { Topics } from '../topics.js'
import type { Apps } from './app-checks.js'
import { BroadcastRecord, broadcastService, type ReceivedBroadcast } from './broadcast-service.js'
import { type Channel, ChannelRegistry } from './channel-registry.js'
import { type ChannelRule, ruleFrom } from './channel-rule.js'
import { channelService, isChannelRequest, type ReceivedChannelRequest } from './channel-service.js'

const EXAMPLE_BUNDLE_ID = 'com.example.app'

/** What it shares with the rest of the simulator. */
export interface Premises {
  readonly topics: Topics
  readonly delivery: Delivery
}

/** The channels of a simulator, and the requests about them. */
export class ChannelDesk {
  /** What becomes of broadcasts. */
  readonly broadcasts: Service
  /** What becomes of requests about channels. */
  readonly management: Service
  readonly rules: Rules
  readonly recorder: Recorder
  /** The simulator's options, for connections that carry requests about channels. */
  readonly options: ResolvedOptions
  readonly #channels: ChannelRegistry
  /** Bundle ids that had the broadcast capability. */
  readonly #disabled = new Set<string>()

  constructor(options: ResolvedOptions, context: RuleContext, { topics, delivery }: Premises) {
    const { broadcastTopics } = options
    const apps: Apps = {
      topics,
      doubts: options.doubts,
      mayBroadcast: (bundleId) => !this.#disabled.has(bundleId) && (broadcastTopics?.has(bundleId) ?? true),
    }
    this.#channels = new ChannelRegistry(options.channelLimit)
    this.broadcasts = broadcastService(apps, this.#channels, delivery)
    this.management = channelService(apps, this.#channels)
    this.rules = new Rules(context)
    for (const rule of options.channelRules) this.reply(rule)
    this.recorder = new Recorder(options.record)
    const onNotification = (record: ReceivedNotification): void => {
      if (isChannelRequest(record)) options.onChannelRequest(record)
    }
    this.options = { ...options, onNotification }
  }

  get channels(): readonly Channel[] {
    return this.#channels.all
  }

  get requests(): readonly ReceivedChannelRequest[] {
    return this.recorder.kept.filter(isChannelRequest)
  }

  broadcastsAmong(received: readonly ReceivedNotification[]): readonly ReceivedBroadcast[] {
    return received.filter((record) => record instanceof BroadcastRecord)
  }

  addChannel({ bundleId = EXAMPLE_BUNDLE_ID, storagePolicy = 'none' }: Partial<Channel> = {}): Channel {
    const channel = this.#channels.add(bundleId, storagePolicy)
    if (channel === undefined) throw new RangeError(`addChannel: ${bundleId} has as many as it may`)
    return channel
  }

  /** Takes the capability from an app, and with it every channel. */
  disableBroadcast(bundleId: string): void {
    this.#disabled.add(bundleId)
    this.#channels.deleteAll(bundleId)
  }

  reply(rule: ChannelRule): () => void {
    return this.rules.add(ruleFrom(CHANNEL_RULE.read(rule, 'rule')))
  }
}
