import type { TokenEntry } from '../schemas/fields.js'
import { momentMs } from './moment.js'

/** A token, with the time of its registration where that is known. */
export type RegisteredToken = string | { readonly token: string; readonly registeredAtMs: number }

/** The tokens of a request, as the outbox takes them. */
export function tokensOf(entries: readonly TokenEntry[]): Iterable<string> {
  // As they are, where none is an object: that is the rule, and a thousand of them need no copy.
  if (entries.every((entry) => typeof entry === 'string')) return entries as readonly string[]
  return forOutbox(entries.map(tokenOf))
}

/** The contract of the outbox does not name these yet; an implementation that does not take them refuses them. */
export function forOutbox(tokens: readonly RegisteredToken[]): Iterable<string> {
  return tokens as readonly string[]
}

function tokenOf(entry: TokenEntry, index: number): RegisteredToken {
  if (typeof entry === 'string') return entry
  const { token, registeredAt } = entry
  if (registeredAt === undefined) return token
  return { token, registeredAtMs: momentMs(registeredAt, `/tokens/${index}/registeredAt`) }
}
