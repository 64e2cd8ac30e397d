import type { Rule } from '@apns-worker/simulator'
import { Message, type MessageOptions } from 'apns-worker'

/** Unix time of the death of dead tokens, in milliseconds. */
const DEAD_SINCE_MS = Date.UTC(2026, 0, 1)
/** Every so many tokens one of this kind. */
const KINDS = [
  { prefix: 'dead', every: 50 },
  { prefix: 'bad0', every: 199 },
  { prefix: 'b054', every: 997 },
] as const
/** The share of each kind of message, in thousandths of all notifications, and how many notifications each has. */
const SHAPES = [
  { thousandths: 150, size: 1000, options: () => ({ ambiguous: 'drop' }) },
  { thousandths: 50, size: 500, options: (now: number) => ({ expiration: now + 2 }) },
  { thousandths: 5, size: 100, options: (now: number) => ({ expiration: now - 60 }) },
  { thousandths: 40, size: 200, options: () => ({ collapseId: 'large' }), filler: 3000 },
  { thousandths: 25, size: 1, options: () => ({}) },
  { thousandths: 25, size: 1, options: () => ({ ambiguous: 'drop', priority: 5 }) },
  { thousandths: 205, size: 2500, options: () => ({}) },
] as const satisfies readonly Shape[]

interface Shape {
  readonly thousandths: number
  readonly size: number
  readonly options: (nowSeconds: number) => MessageOptions
  readonly filler?: number
}

/** What the simulator does to tokens of each kind, whatever else happens: dead, bad, and busy for ever. */
export const TOKEN_RULES: readonly Rule[] = [
  { tokenPrefix: 'dead', unregistered: DEAD_SINCE_MS, name: 'dead' },
  { tokenPrefix: 'bad0', badDeviceToken: true, name: 'bad' },
  { tokenPrefix: 'b054', status: 503, reason: 'ServiceUnavailable', name: 'busy' },
]

/**
 * So many notifications, no device token twice, in blocks of this size. Half of each block is one message; the others are in
 * messages of all sizes, single ones, ones that must not be sent twice, that expire soon or have expired. They are made as
 * they are taken.
 */
export function* traffic(count: number, blockSize: number): Generator<Message> {
  const tokens = new TokenSource()
  for (let left = count; left > 0; left -= blockSize) yield* block(Math.min(left, blockSize), tokens)
}

function* block(count: number, tokens: TokenSource): Generator<Message> {
  const half = Math.ceil(count / 2)
  yield message(tokens.take(half), {}, 0)
  const left = SHAPES.map((shape) => ({ shape, count: Math.floor((count * shape.thousandths) / 1000) }))
  const rest = count - half - left.reduce((sum, { count }) => sum + count, 0)
  // In turns, so that each kind goes out all the time; kinds with large messages have fewer turns.
  for (let round = 0; left.some(({ count }) => count > 0); round++) {
    for (const each of left) {
      if (each.count === 0 || round % Math.ceil(each.shape.size / 50) !== 0) continue
      const size = Math.min(each.count, each.shape.size)
      each.count -= size
      const filler = 'filler' in each.shape ? each.shape.filler : 0
      yield message(tokens.take(size), each.shape.options(Math.floor(Date.now() / 1000)), filler)
    }
  }
  for (const token of tokens.take(rest)) yield message([token], {}, 0)
}

class TokenSource {
  #taken = 0

  take(count: number): string[] {
    return Array.from({ length: count }, () => {
      const index = this.#taken++
      const prefix = KINDS.find(({ every }) => index % every === every - 1)?.prefix ?? ''
      return prefix + index.toString(16).padStart(64 - prefix.length, '0')
    })
  }
}

function message(tokens: readonly string[], options: MessageOptions, filler: number): Message {
  return new Message(tokens, { aps: { alert: 'hello' }, filler: 'x'.repeat(filler) }, options)
}
