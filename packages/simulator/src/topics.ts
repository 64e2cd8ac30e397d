import type { Authenticated } from './validation.js'

/** The bundle ids that exist, and since when: a connection knows those that its first push found. */
export class Topics {
  readonly #since: Map<string, number> | undefined
  #version = 0

  /** `bundleIds`: undefined when all of them exist. */
  constructor(bundleIds: ReadonlySet<string> | undefined) {
    this.#since = bundleIds && new Map([...bundleIds].map((bundleId) => [bundleId, 0]))
  }

  /** Grows with each bundle id that is added. */
  get version(): number {
    return this.#version
  }

  /** Whether only some bundle ids exist, so that one of them may look like a topic with a suffix. */
  get areListed(): boolean {
    return this.#since !== undefined
  }

  /** Adds a bundle id. Throws when all of them exist anyway. */
  add(bundleId: string): void {
    if (this.#since === undefined) {
      throw new TypeError('addTopic: every topic exists; start the simulator with the option "topics"')
    }
    if (this.#since.has(bundleId)) return
    this.#version += 1
    this.#since.set(bundleId, this.#version)
  }

  has(bundleId: string): boolean {
    return this.#since?.has(bundleId) ?? true
  }

  /** Whether it is younger than the sender's connection, which will never learn of it. */
  isNewTo(bundleId: string, sender: Authenticated): boolean {
    return sender.kind === 'token' && (this.#since?.get(bundleId) ?? 0) > sender.topicsVersion
  }
}
