import type { ClientStream } from './client-stream.js'

/** Slots to begin with, and the most there can be; both powers of two. */
const FIRST_SLOTS = 256
const MOST_SLOTS = 65_536

/**
 * The open streams, by id. Ids ascend by two, so that a circular array indexed by `id / 2` finds nearly all of them
 * without hashing. A stream that stays open while the ids go once around the array moves to a map.
 */
export class StreamTable<S extends ClientStream> {
  #slots: (S | undefined)[] = new Array<S | undefined>(FIRST_SLOTS).fill(undefined)
  #mask = FIRST_SLOTS - 1
  /** Streams older than those in the slots, oldest first. */
  readonly #old = new Map<number, S>()
  #size = 0
  /** No stream in the slots has a lower id. */
  #lowest = 1
  /** The id after the last one. */
  #next = 1

  /** Number of open streams. */
  get size(): number {
    return this.#size
  }

  /** Adds a stream whose id is above all the ids before. */
  add(stream: S): void {
    const id = stream.id
    if (this.#size > this.#mask >>> 1 && this.#mask < MOST_SLOTS - 1) this.#grow()
    const slot = (id >>> 1) & this.#mask
    const before = this.#slots[slot]
    if (before !== undefined) this.#old.set(before.id, before)
    this.#slots[slot] = stream
    this.#next = id + 2
    this.#size += 1
  }

  /** The open stream with this id. */
  get(id: number): S | undefined {
    const stream = this.#slots[(id >>> 1) & this.#mask]
    if (stream !== undefined && stream.id === id) return stream
    return this.#old.size === 0 ? undefined : this.#old.get(id)
  }

  /** Forgets an open stream. */
  remove(stream: S): void {
    const slot = (stream.id >>> 1) & this.#mask
    if (this.#slots[slot] === stream) this.#slots[slot] = undefined
    else this.#old.delete(stream.id)
    this.#size -= 1
  }

  /** The open stream with the lowest id. */
  oldest(): S | undefined {
    for (const stream of this.#old.values()) return stream
    if (this.#size === 0) return undefined
    this.#lowest = Math.max(this.#lowest, this.#next - 2 * (this.#mask + 1))
    for (; this.#lowest < this.#next; this.#lowest += 2) {
      const stream = this.#slots[(this.#lowest >>> 1) & this.#mask]
      if (stream !== undefined) return stream
    }
    return undefined
  }

  /** All open streams, oldest first. Streams may be removed meanwhile, and none added. */
  *[Symbol.iterator](): Generator<S, void, undefined> {
    yield* this.#old.values()
    if (this.oldest() === undefined) return
    const first = Math.max(this.#lowest, this.#next - 2 * (this.#mask + 1))
    for (let id = first; id < this.#next; id += 2) {
      const stream = this.#slots[(id >>> 1) & this.#mask]
      if (stream !== undefined && stream.id === id) yield stream
    }
  }

  #grow(): void {
    const streams = this.#slots.filter((stream) => stream !== undefined)
    this.#mask = this.#slots.length * 2 - 1
    this.#slots = new Array<S | undefined>(this.#mask + 1).fill(undefined)
    for (const stream of streams) this.#slots[(stream.id >>> 1) & this.#mask] = stream
  }
}
