/** The longest that Apple ever allowed, in bytes; today's have 32. */
const MAX_TOKEN_BYTES = 100
/** What a reader needs to find a value again in a list. */
const SHOWN_CHARACTERS = 24

/** A device token, hex-encoded in lower case, or what is wrong with the text that should have been one. */
export type TokenReading = { readonly token: string } | { readonly problem: string }

const PLAIN = /^[0-9a-f]+$/

/**
 * Reads a device token as people keep them: in either case, with spaces, in the angle brackets of an `NSData`
 * description (`<740f4707 bebcf74f …>`), or in quotes.
 */
export function readDeviceToken(text: string): TokenReading {
  // The usual case first: most lines of a long list are in order.
  const token = PLAIN.test(text) ? text : normalise(text)
  if (token === '') return { problem: 'is empty' }
  if (!PLAIN.test(token)) return { problem: `is not a hex-encoded device token: ${shorten(text)}` }
  if (token.length % 2 !== 0) {
    return { problem: `has an odd number of hex digits (${token.length}): ${shorten(text)}` }
  }
  if (token.length > MAX_TOKEN_BYTES * 2) {
    return { problem: `has ${token.length} hex digits; the longest token has ${MAX_TOKEN_BYTES * 2}` }
  }
  return { token }
}

function normalise(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .replace(/^<(.*)>$/, '$1')
    .replaceAll(/\s+/g, '')
    .toLowerCase()
}

/** Enough of a value to find it again, and nothing that could write on a terminal what is not text. */
export function shorten(text: string): string {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
  return JSON.stringify(shown)
}
