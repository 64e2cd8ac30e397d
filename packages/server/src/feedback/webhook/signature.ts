import { createHmac } from 'node:crypto'

/** What a request is signed for. */
export interface Signed {
  /** The same for each repetition of a request, so that its receiver can tell them. */
  readonly id: string
  /** Unix seconds, of this attempt. */
  readonly timestamp: number
  readonly body: string
}

/** Standard Webhooks writes secrets so, in base64. Others are taken as they are. */
const ENCODED = 'whsec_'
const MIN_CHARACTERS = 16

/**
 * The keys of a configured secret: one, or several with spaces between them while one takes another's place; the newest first.
 *
 * @throws {TypeError} if one is too short to be a secret
 */
export function keysOf(secret: string): Buffer[] {
  const secrets = secret.split(/\s+/).filter((each) => each !== '')
  if (secrets.length === 0 || secrets.some(({ length }) => length < MIN_CHARACTERS))
    throw new TypeError(`a secret of the webhook has at least ${MIN_CHARACTERS} characters`)
  return secrets.map((each) =>
    each.startsWith(ENCODED) ? Buffer.from(each.slice(ENCODED.length), 'base64') : Buffer.from(each),
  )
}

/** The header fields of Standard Webhooks 1.0 (standardwebhooks.com): one signature by each key. */
export function signatureFields(
  { id, timestamp, body }: Signed,
  keys: readonly Buffer[],
): Record<string, string> {
  const signatures = keys.map((key) => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`)
    return `v1,${hmac.digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
