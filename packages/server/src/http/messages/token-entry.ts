import type { TokenEntry } from '../../outbox/packed-tokens.js'
import type { RequestedToken } from '../schemas/fields.js'
import { momentMs } from './moment.js'

/** The tokens of a request, as the outbox takes them. */
export function tokensOf(requested: readonly RequestedToken[]): Iterable<TokenEntry> {
  // As they are, where none is an object: that is the rule, and a thousand of them need no copy.
  if (requested.every((token) => typeof token === 'string')) return requested
  return requested.map(entryOf)
}

function entryOf(requested: RequestedToken, index: number): TokenEntry {
  if (typeof requested === 'string') return requested
  const { token, registeredAt } = requested
  if (registeredAt === undefined) return token
  return { token, registeredAtMs: momentMs(registeredAt, `/tokens/${index}/registeredAt`) }
}
