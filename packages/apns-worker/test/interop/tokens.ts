import { tokensOf } from '../support/sender.js'

/** So many that a server which can only serve files needs few of them; each is sent to again and again. */
const DISTINCT = 50

function repeated(count: number, prefix: string): string[] {
  const distinct = tokensOf(DISTINCT, prefix)
  return Array.from({ length: count }, (_, index) => distinct[index % DISTINCT] as string)
}

/** Tokens that every server accepts. */
export const ACCEPTED_TOKENS: readonly string[] = repeated(2000, 'aa')
/** Tokens that every server refuses; see `REFUSALS`. */
export const REFUSED_TOKENS: readonly string[] = [...repeated(500, '40'), ...repeated(500, '41')]
