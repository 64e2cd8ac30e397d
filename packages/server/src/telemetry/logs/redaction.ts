/** Device tokens, and other long hex: what is left tells two of them apart, and is nobody's address any more. */
const LONG_HEX = /\b([0-9a-f]{4})[0-9a-f]{32,}([0-9a-f]{4})\b/gi
/** A provider token: a JWT, RFC 7519. */
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g
const BEARER = /\b(bearer +)[A-Za-z0-9._~+/=-]+/gi
const PEM = /-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g
/** The user and password of a URL. */
const USER_INFO = /(\/\/)[^\s/@"]+@/g
/** API keys, as they are made by the server. */
const API_KEY = /\baw_[\w-]{20,}/g

const REDACTED = '[redacted]'

/**
 * A line of the log without what must not be in one, wherever in it that is: in the text of an error, a URL, or a field.
 * Device tokens are shortened to their first and last four digits; secrets are gone.
 */
export function redact(line: string): string {
  return line
    .replace(PEM, REDACTED)
    .replace(JWT, REDACTED)
    .replace(BEARER, `$1${REDACTED}`)
    .replace(USER_INFO, `$1${REDACTED}@`)
    .replace(API_KEY, REDACTED)
    .replace(LONG_HEX, '$1…$2')
}
