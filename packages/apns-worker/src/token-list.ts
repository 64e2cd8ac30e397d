import { describeValue } from './describe-value.js'
import { MessageError } from './message-error.js'

/** Apple says not to assume a length; 100 bytes is what the binary protocol could carry, and the most ever documented. */
const MAX_TOKEN_BYTES = 100
/** Today's app tokens. */
const USUAL_TOKEN_BYTES = 32
const FIRST_CAPACITY_TOKENS = 16
const MAX_POOLED_BYTES = 1024

/**
 * Device tokens, packed: the bytes of all of them one after the other, so that a million tokens cost 32 MB and no
 * object each. Offsets are kept only when lengths differ. A single token is kept as the text that it is sent as.
 */
export class TokenList {
  readonly length: number
  /** The one token, hex-encoded in lower case, where there is just one. */
  readonly single: string | undefined
  #bytes: Uint8Array | undefined
  readonly #tokenBytes: number
  /** Where each token starts, and one more for the end; undefined when all have the same length. */
  readonly #offsets: Uint32Array | undefined

  private constructor(
    bytes: Uint8Array | undefined,
    length: number,
    tokenBytes: number,
    offsets: Uint32Array | undefined,
    single: string | undefined,
  ) {
    this.#bytes = bytes
    this.length = length
    this.#tokenBytes = tokenBytes
    this.#offsets = offsets
    this.single = single
  }

  /**
   * Reads hex-encoded tokens, of either case.
   *
   * @throws {MessageError} `BAD_TOKEN` for the first that is not one, with its index, a shortened value and the fault
   */
  static from(tokens: Iterable<string>): TokenList {
    if (typeof tokens === 'string') {
      throw new MessageError('BAD_TOKENS', 'tokens is a single string; give a list: [token]')
    }
    if (tokens === null || typeof tokens !== 'object' || !(Symbol.iterator in tokens)) {
      throw new MessageError('BAD_TOKENS', 'tokens is not a list of hex-encoded device tokens')
    }
    if (!Array.isArray(tokens)) {
      return tokens instanceof TokenList ? tokens : TokenList.#pack(tokens, FIRST_CAPACITY_TOKENS)
    }
    return tokens.length === 1 ? TokenList.#one(tokens[0]) : TokenList.#pack(tokens, tokens.length)
  }

  /** The list of one token, given as its bytes. */
  static ofBytes(token: Uint8Array): TokenList {
    const single = Buffer.from(token.buffer, token.byteOffset, token.length).toString('hex')
    return new TokenList(token, 1, token.length, undefined, single)
  }

  /**
   * A list of tokens of the same length, given as their bytes, one after the other. These are not copied.
   *
   * @throws {MessageError} `BAD_TOKENS`
   */
  static ofPacked(bytes: Uint8Array, tokenBytes: number): TokenList {
    if (!(bytes instanceof Uint8Array)) throw badBytes(`bytes is ${describeValue(bytes)}, no Uint8Array`)
    if (!(Number.isInteger(tokenBytes) && tokenBytes >= 1 && tokenBytes <= MAX_TOKEN_BYTES))
      throw badBytes(`tokenBytes is ${describeValue(tokenBytes)}; a token has 1 to ${MAX_TOKEN_BYTES}`)
    if (bytes.length % tokenBytes !== 0)
      throw badBytes(`there are ${bytes.length} bytes, which are not tokens of ${tokenBytes}`)
    if (bytes.length === tokenBytes) return TokenList.ofBytes(bytes)
    return new TokenList(bytes, bytes.length / tokenBytes, tokenBytes, undefined, undefined)
  }

  /** A list of one that is no device token but what a broadcast is sent to: a channel's id, as it is. */
  static ofChannel(id: string): TokenList {
    const bytes = Buffer.from(id, 'base64')
    return new TokenList(bytes, 1, bytes.length, undefined, id)
  }

  static #one(token: unknown): TokenList {
    const problem = faultOf(token) ?? (isHex(token as string) ? undefined : NOT_HEX)
    if (problem !== undefined) throw badToken(token, 0, problem)
    // `faultOf` has seen that it is a string.
    const single = (token as string).toLowerCase()
    return new TokenList(undefined, 1, single.length >>> 1, undefined, single)
  }

  static #pack(tokens: Iterable<string>, expectedTokens: number): TokenList {
    const packer = new TokenPacker(expectedTokens)
    for (const token of tokens) packer.add(token)
    return packer.finish(
      (bytes, length, tokenBytes, offsets) => new TokenList(bytes, length, tokenBytes, offsets, undefined),
    )
  }

  /** All tokens' bytes. Not to be changed. */
  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.from(this.single ?? '', 'hex')
    return this.#bytes
  }

  /** Where the token at an index starts in {@link bytes}. */
  start(index: number): number {
    return this.#offsets === undefined
      ? index * this.#tokenBytes
      : (this.#offsets[index] ?? this.bytes.length)
  }

  /** Where the token at an index ends in {@link bytes}. */
  end(index: number): number {
    return this.start(index + 1)
  }

  /** The token at an index, hex-encoded in lower case. */
  hex(index: number): string {
    if (this.single !== undefined && index === 0) return this.single
    const { buffer, byteOffset } = this.bytes
    const start = this.start(index)
    return Buffer.from(buffer, byteOffset + start, this.end(index) - start).toString('hex')
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.hex(index)
  }
}

/**
 * Device tokens that are kept as bytes, as the list for a message: nothing of it is decoded, copied or looked at.
 *
 * @param bytes one token after the other; not to be changed as long as the message lives
 * @param tokenBytes how many bytes each has. Default: 32, which is what app tokens have today
 * @throws {MessageError} `BAD_TOKENS` when that does not fit
 */
export function packedTokens(
  bytes: Uint8Array,
  tokenBytes: number = USUAL_TOKEN_BYTES,
): Iterable<string> & { readonly length: number } {
  return TokenList.ofPacked(bytes, tokenBytes)
}

class TokenPacker {
  #buffer: Buffer
  #bytes = 0
  #length = 0
  #tokenBytes = USUAL_TOKEN_BYTES
  #offsets: number[] | undefined

  constructor(expectedTokens: number) {
    // Node's pool for a few tokens: an ArrayBuffer of their own costs more than everything else here; not for long lists,
    // which would keep a shared slab alive.
    const bytes = expectedTokens * USUAL_TOKEN_BYTES
    this.#buffer = bytes <= MAX_POOLED_BYTES ? Buffer.allocUnsafe(bytes) : Buffer.allocUnsafeSlow(bytes)
  }

  add(token: string): void {
    const problem = faultOf(token)
    if (problem !== undefined) throw badToken(token, this.#length, problem)
    const tokenBytes = token.length >>> 1
    if (this.#bytes + tokenBytes > this.#buffer.length) this.#grow(tokenBytes)
    // Node's decoder stops at the first character that is not hex; what it wrote tells whether it reached the end.
    if (this.#buffer.write(token, this.#bytes, tokenBytes, 'hex') !== tokenBytes) {
      throw badToken(token, this.#length, NOT_HEX)
    }
    if (tokenBytes !== this.#tokenBytes) this.#lengthChanged(tokenBytes)
    this.#offsets?.push(this.#bytes)
    this.#bytes += tokenBytes
    this.#length++
  }

  finish<T>(
    make: (bytes: Uint8Array, length: number, tokenBytes: number, offsets: Uint32Array | undefined) => T,
  ): T {
    // Copied when more than an eighth would be wasted for as long as the message lives.
    const wasteful = this.#buffer.length - this.#bytes > this.#bytes >>> 3
    const bytes = wasteful
      ? Uint8Array.prototype.slice.call(this.#buffer, 0, this.#bytes)
      : this.#buffer.subarray(0, this.#bytes)
    const offsets =
      this.#offsets === undefined ? undefined : Uint32Array.from([...this.#offsets, this.#bytes])
    return make(bytes, this.#length, this.#tokenBytes, offsets)
  }

  #lengthChanged(tokenBytes: number): void {
    if (this.#offsets !== undefined) return
    if (this.#length === 0) {
      this.#tokenBytes = tokenBytes
      return
    }
    this.#offsets = Array.from({ length: this.#length }, (_, index) => index * this.#tokenBytes)
  }

  #grow(tokenBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#bytes + tokenBytes))
    this.#buffer.copy(larger, 0, 0, this.#bytes)
    this.#buffer = larger
  }
}

/** 1 at the code of each hexadecimal digit. */
const IS_HEX_DIGIT = new Uint8Array(128)
for (const digit of '0123456789abcdefABCDEF') IS_HEX_DIGIT[digit.charCodeAt(0)] = 1

/** A loop takes a third of the time of a regular expression. */
function isHex(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (IS_HEX_DIGIT[text.charCodeAt(at)] !== 1) return false
  }
  return true
}

/** Whether a list takes it. */
export function isDeviceToken(value: unknown): value is string {
  return typeof value === 'string' && faultOf(value) === undefined && isHex(value)
}

const NOT_HEX = 'is not hex-encoded'

function badBytes(problem: string): MessageError {
  return new MessageError('BAD_TOKENS', problem)
}

function badToken(token: unknown, index: number, problem: string): MessageError {
  return new MessageError('BAD_TOKEN', `tokens[${index}] (${shorten(token)}) ${problem}`, { index })
}

function faultOf(token: unknown): string | undefined {
  if (typeof token !== 'string') return 'is not a string; tokens are hex-encoded'
  if (token.length === 0) return 'is empty'
  if (token.length % 2 !== 0)
    return `has an odd number of characters (${token.length}), so it is not hex-encoded bytes`
  if (token.length > MAX_TOKEN_BYTES * 2)
    return `has ${token.length} characters; the longest token has ${MAX_TOKEN_BYTES * 2}`
  return undefined
}

const SHORTENED = 12

/** A value for an error message: enough to find it again, not enough to copy a token from a log. */
function shorten(token: unknown): string {
  if (typeof token !== 'string') return token === null ? 'null' : typeof token
  const text = token.length > SHORTENED ? `${token.slice(0, SHORTENED)}…` : token
  return JSON.stringify(text)
}
