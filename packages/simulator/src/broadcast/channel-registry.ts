import { randomBytes } from 'node:crypto'

/** `none`: Apple keeps no message of the channel (0 on the wire); `latest`: the most recent one (1). */
export type StoragePolicy = 'none' | 'latest'

/** A broadcast channel. */
export interface Channel {
  /** Base64. */
  readonly id: string
  readonly bundleId: string
  readonly storagePolicy: StoragePolicy
}

const ID_BYTES = 16

/** The channels that there are. */
export class ChannelRegistry {
  readonly #channels = new Map<string, Channel>()
  readonly #counts = new Map<string, number>()
  readonly #limit: number

  /** `limit`: how many an app may have. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** All of them, the oldest first. */
  get all(): readonly Channel[] {
    return [...this.#channels.values()]
  }

  /** Makes one; undefined when the app has as many as it may. */
  add(bundleId: string, storagePolicy: StoragePolicy): Channel | undefined {
    const count = this.#counts.get(bundleId) ?? 0
    if (count >= this.#limit) return undefined
    const channel = { id: randomBytes(ID_BYTES).toString('base64'), bundleId, storagePolicy }
    this.#channels.set(channel.id, channel)
    this.#counts.set(bundleId, count + 1)
    return channel
  }

  /** An app's channel with this id, if there is one. */
  find(bundleId: string, id: string): Channel | undefined {
    const channel = this.#channels.get(id)
    return channel?.bundleId === bundleId ? channel : undefined
  }

  /** Returns whether there was one. */
  delete(bundleId: string, id: string): boolean {
    if (this.find(bundleId, id) === undefined) return false
    this.#channels.delete(id)
    this.#counts.set(bundleId, (this.#counts.get(bundleId) ?? 0) - 1)
    return true
  }

  /** Deletes all that an app has. */
  deleteAll(bundleId: string): void {
    for (const id of this.idsOf(bundleId)) this.delete(bundleId, id)
  }

  /** The ids of an app's channels. */
  idsOf(bundleId: string): string[] {
    return this.all.flatMap((channel) => (channel.bundleId === bundleId ? [channel.id] : []))
  }
}
