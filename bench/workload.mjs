import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

export const TOPIC = 'com.example.app'
export const KEY_ID = 'ABCDE12345'
export const TEAM_ID = 'TEAM123456'
const TOKEN_BYTES = 32

/**
 * Distinct device tokens of 64 hexadecimal digits.
 *
 * @param {number} count
 * @returns {string[]}
 */
export function makeTokens(count) {
  const bytes = randomBytes(count * TOKEN_BYTES)
  return Array.from({ length: count }, (_, index) =>
    bytes.toString('hex', index * TOKEN_BYTES, (index + 1) * TOKEN_BYTES),
  )
}

/**
 * Which of them are dead: a share, in runs of some length, as in a list that is sorted by age; runs of 1 are scattered.
 *
 * @typedef {object} DeadTokens
 * @property {number} share 0 to 1
 * @property {number} run
 */

/**
 * Tokens of which some begin with `dead`, which the sink can be told to refuse. The first run is alive: a client is right
 * to stop when all that it ever sent is refused.
 *
 * @param {number} count
 * @param {DeadTokens} dead
 */
export function makeTokensWithDead(count, { share, run }) {
  const dead = Array.from(
    { length: Math.ceil(count / run) },
    (_, index) => index > 0 && Math.random() < share,
  )
  return makeTokens(count).map((token, index) =>
    dead[Math.floor(index / run)] ? `dead${token.slice(4)}` : token,
  )
}

/**
 * A notification's payload whose JSON has exactly the given size.
 *
 * @param {number} payloadBytes at least 100
 */
export function makePayload(payloadBytes) {
  const payload = { aps: { alert: { title: 'Benchmark', body: '' }, badge: 1, sound: 'default' } }
  const missing = payloadBytes - JSON.stringify(payload).length
  if (missing < 0) throw new RangeError(`a payload of ${payloadBytes} bytes is too small for the benchmark`)
  payload.aps.alert.body = 'x'.repeat(missing)
  return payload
}

/** A P-256 key as Apple's `.p8` files hold it, made for this run. */
export function makeKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * The headers of one request, for the clients that have no library to write them: those that apns-worker sends.
 *
 * @param {string} key a P-256 key as PEM
 * @returns {Record<string, string>}
 */
export function makeHeaders(key) {
  return {
    authorization: `bearer ${makeProviderToken(key)}`,
    'apns-topic': TOPIC,
    'apns-push-type': 'alert',
    'apns-priority': '10',
  }
}

/**
 * @param {number} index
 * @returns {string} a UUID that differs for each index
 */
export function makeApnsId(index) {
  return `5d0f3c52-91b7-4a6e-8c1d-${index.toString(16).padStart(12, '0')}`
}

/** @param {string} key */
function makeProviderToken(key) {
  const claims = { iss: TEAM_ID, iat: Math.floor(Date.now() / 1000) }
  const text = [{ alg: 'ES256', kid: KEY_ID }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

/**
 * Calls `sendOne` for each item, with a promise awaited for each and at most `window` of them open at a time.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {number} window
 * @param {(item: T, index: number) => Promise<void>} sendOne
 */
export async function sendInWindow(items, window, sendOne) {
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const index = next++
      await sendOne(items[index], index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(window, items.length) }, lane))
}
