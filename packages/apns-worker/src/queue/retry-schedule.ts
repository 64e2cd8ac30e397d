import { Fifo } from '../fifo.js'
import type { Notification } from '../notification.js'

/**
 * Retries due within the same tick share a bucket, so that the heap below orders ticks and not notifications: a
 * million retries spread over a minute are 6,000 ticks.
 */
const TICK_MS = 10

/** Notifications that wait for their time to be tried again. Never early; late by no more than a tick. */
export class RetrySchedule implements Iterable<Notification> {
  readonly #buckets = new Map<number, Fifo<Notification>>()
  /** A binary min-heap of the ticks that have a bucket. */
  #ticks: number[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  add(notification: Notification, dueAtMs: number): void {
    const tick = Math.ceil(dueAtMs / TICK_MS)
    let bucket = this.#buckets.get(tick)
    if (bucket === undefined) {
      bucket = new Fifo()
      this.#buckets.set(tick, bucket)
      this.#pushTick(tick)
    }
    bucket.push(notification)
    this.#length++
  }

  /** When the next one is due. */
  get nextDueAtMs(): number | undefined {
    const tick = this.#ticks[0]
    return tick === undefined ? undefined : tick * TICK_MS
  }

  /** Takes out the next one that is due, the earliest first. */
  takeDue(nowMs: number): Notification | undefined {
    for (;;) {
      const tick = this.#ticks[0]
      if (tick === undefined || tick * TICK_MS > nowMs) return undefined
      const bucket = this.#buckets.get(tick)
      const notification = bucket?.shift()
      if (bucket === undefined || bucket.length === 0) {
        this.#buckets.delete(tick)
        this.#popTick()
      }
      if (notification !== undefined) {
        this.#length--
        return notification
      }
    }
  }

  /** Takes out those that the caller does not want any more. */
  removeWhere(unwanted: (notification: Notification) => boolean): void {
    for (const [tick, bucket] of this.#buckets) {
      const kept = new Fifo<Notification>()
      for (const notification of bucket) {
        if (unwanted(notification)) this.#length--
        else kept.push(notification)
      }
      if (kept.length === 0) this.#buckets.delete(tick)
      else this.#buckets.set(tick, kept)
    }
    // In order, an array is a heap.
    this.#ticks = [...this.#buckets.keys()].sort((a, b) => a - b)
  }

  *[Symbol.iterator](): Generator<Notification, void, undefined> {
    for (const tick of [...this.#ticks].sort((a, b) => a - b)) {
      const bucket = this.#buckets.get(tick)
      if (bucket !== undefined) yield* bucket
    }
  }

  #pushTick(tick: number): void {
    const ticks = this.#ticks
    let at = ticks.length
    ticks.push(tick)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = ticks[parent] ?? 0
      if (above <= tick) break
      ticks[at] = above
      ticks[parent] = tick
      at = parent
    }
  }

  #popTick(): void {
    const ticks = this.#ticks
    const last = ticks.pop()
    if (last === undefined || ticks.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= ticks.length) break
      if (child + 1 < ticks.length && (ticks[child + 1] ?? 0) < (ticks[child] ?? 0)) child++
      const below = ticks[child] ?? 0
      if (below >= last) break
      ticks[at] = below
      at = child
    }
    ticks[at] = last
  }
}
