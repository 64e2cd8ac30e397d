import { createHash } from 'node:crypto'

/** How many devices the demonstration of the library sends to. */
const DEMO_TOKENS = 10_000

/** Every how many tokens one is of this kind, and the digits that it begins with. */
const KINDS = [
  { every: 50, prefix: 'dead', offset: 7 },
  { every: 200, prefix: 'bad0', offset: 23 },
  { every: 500, prefix: 'e0d0', offset: 41 },
] as const

/**
 * The device tokens of the demonstration, the same each time. Most belong to living devices; which do not can be told
 * from how they begin: `dead…` (the app was removed), `bad0…` (not a token of this environment), `e0d0…` (expired).
 */
export function* demoTokens(count: number = DEMO_TOKENS): Generator<string, void, undefined> {
  for (let index = 0; index < count; index++) {
    const digits = createHash('sha256').update(`device ${index}`).digest('hex')
    const kind = KINDS.find(({ every, offset }) => index % every === offset)
    // A living device's token begins with a digit, so that chance makes none of the others.
    yield kind === undefined
      ? index.toString(10).slice(-1) + digits.slice(1)
      : kind.prefix + digits.slice(kind.prefix.length)
  }
}
