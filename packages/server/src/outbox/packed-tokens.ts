import { checkInteger } from './checks.js'
import { OutboxError } from './outbox-error.js'

/** As many as share a row: a row's own cost is shared by so many, and one crash repeats no more than so many. */
export const MAX_BATCH_TOKENS = 1000
/** Apple says not to assume a length; 100 bytes is the most ever documented. */
const MAX_TOKEN_BYTES = 100

/** Device tokens of one batch, packed. A plain object: it crosses from one thread to another. */
export interface PackedTokens {
  readonly count: number
  /** How many bytes each has; 0 when they differ, and each then has one byte before it that says how many. */
  readonly tokenBytes: number
  /** Not to be changed. */
  readonly bytes: Uint8Array
  /** When each was registered, in Unix milliseconds, 0 where that was not said; undefined where it was said of none. */
  readonly registeredAtMs?: Float64Array
}

/** A hex-encoded device token, of either case; with when its app registered it, where that is known. */
export type TokenEntry = string | { readonly token: string; readonly registeredAtMs?: number | undefined }

/**
 * Packs hex-encoded device tokens, of either case, into batches, in order. Lazily: a list of any length is held one
 * batch at a time.
 *
 * @param firstIndex what the first token is called in an error
 * @throws {OutboxError} `BAD_ARGUMENT` for the first that is not a token, with its index
 */
export function* packTokens(
  tokens: Iterable<TokenEntry>,
  firstIndex = 0,
  batchTokens: number = MAX_BATCH_TOKENS,
): Generator<PackedTokens, void, undefined> {
  let batch: string[] = []
  let registeredAtMs: Float64Array | undefined
  let index = firstIndex
  for (const entry of tokens) {
    const token = typeof entry === 'string' ? entry : tokenOf(entry, index)
    checkToken(token, index)
    if (typeof entry === 'object' && entry.registeredAtMs !== undefined) {
      checkInteger(`tokens[${index}].registeredAtMs`, entry.registeredAtMs, 0)
      registeredAtMs ??= new Float64Array(batchTokens)
      registeredAtMs[batch.length] = entry.registeredAtMs
    }
    batch.push(token)
    index++
    if (batch.length === batchTokens) {
      yield pack(batch, index - batch.length, registeredAtMs)
      batch = []
      registeredAtMs = undefined
    }
  }
  if (batch.length > 0) yield pack(batch, index - batch.length, registeredAtMs)
}

function tokenOf(entry: unknown, index: number): unknown {
  if (entry !== null && typeof entry === 'object' && 'token' in entry) return entry.token
  throw badToken(index, 'is neither a string nor an object with a token')
}

/** Each token's bytes: views, not to be changed. */
export function tokenAt(packed: PackedTokens, index: number): Uint8Array {
  if (!(index >= 0 && index < packed.count)) throw new RangeError(`no token ${index} among ${packed.count}`)
  if (packed.tokenBytes > 0) {
    return packed.bytes.subarray(index * packed.tokenBytes, (index + 1) * packed.tokenBytes)
  }
  let start = 0
  for (let skipped = 0; skipped < index; skipped++) start += 1 + (packed.bytes[start] ?? 0)
  return packed.bytes.subarray(start + 1, start + 1 + (packed.bytes[start] ?? 0))
}

/** All tokens in order, hex-encoded in lower case. */
export function unpackTokens(packed: PackedTokens): string[] {
  const bytes = Buffer.from(packed.bytes.buffer, packed.bytes.byteOffset, packed.bytes.byteLength)
  const tokens: string[] = []
  for (let start = 0; tokens.length < packed.count; ) {
    const from = packed.tokenBytes > 0 ? start : start + 1
    const end = from + (packed.tokenBytes > 0 ? packed.tokenBytes : (bytes[start] ?? 0))
    tokens.push(bytes.toString('hex', from, end))
    start = end
  }
  return tokens
}

function checkToken(token: unknown, index: number): asserts token is string {
  let fault: string | undefined
  if (typeof token !== 'string') fault = 'is not a string'
  else if (token.length === 0) fault = 'is empty'
  else if (token.length % 2 !== 0) fault = 'has an odd number of characters'
  else if (token.length > 2 * MAX_TOKEN_BYTES) fault = `is longer than ${2 * MAX_TOKEN_BYTES} characters`
  if (fault !== undefined) throw badToken(index, fault)
}

function pack(
  tokens: readonly string[],
  firstIndex: number,
  registeredAtMs: Float64Array | undefined,
): PackedTokens {
  const length = tokens[0]?.length ?? 0
  const isUniform = tokens.every((token) => token.length === length)
  const bytes = isUniform ? packUniform(tokens, length / 2) : packMixed(tokens)
  if (bytes === undefined) throw badToken(firstIndex + tokens.findIndex(isNotHex), 'is not hex-encoded')
  const packed = { count: tokens.length, tokenBytes: isUniform ? length / 2 : 0, bytes }
  return registeredAtMs === undefined
    ? packed
    : { ...packed, registeredAtMs: registeredAtMs.slice(0, tokens.length) }
}

/** All in one go: a third of what it costs to decode them one by one. @returns undefined where one is not hex-encoded */
function packUniform(tokens: readonly string[], tokenBytes: number): Uint8Array | undefined {
  const text = tokens.join('')
  // Not from Node's pool: what crosses to another thread is copied with the whole of the buffer that it is in.
  const bytes = Buffer.allocUnsafeSlow(tokens.length * tokenBytes)
  return decodeHex(bytes, text, 0) ? bytes : undefined
}

function packMixed(tokens: readonly string[]): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafeSlow(tokens.reduce((sum, token) => sum + 1 + token.length / 2, 0))
  let end = 0
  for (const token of tokens) {
    bytes[end++] = token.length / 2
    if (!decodeHex(bytes, token, end)) return undefined
    end += token.length / 2
  }
  return bytes
}

/**
 * Node's decoder stops at the first character that is not hex; but of a character beyond Latin-1 it looks at half, so that
 * U+0130 is a 0 to it.
 *
 * @returns whether all of it was hex
 */
function decodeHex(bytes: Buffer, text: string, start: number): boolean {
  return Buffer.byteLength(text) === text.length && bytes.write(text, start, 'hex') === text.length / 2
}

function isNotHex(token: string): boolean {
  return !/^[0-9a-f]*$/i.test(token)
}

function badToken(index: number, fault: string): OutboxError {
  return new OutboxError('BAD_ARGUMENT', `tokens[${index}] ${fault}; tokens are hex-encoded bytes`)
}
