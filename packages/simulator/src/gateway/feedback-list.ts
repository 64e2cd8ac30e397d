const HEADER_BYTES = 4 + 2
const MAX_TOKEN_BYTES = 65_535
const MAX_UINT32 = 2 ** 32 - 1

/** The device tokens that the feedback service tells of next. Each is there once, with the latest time. */
export class FeedbackList {
  /** Milliseconds since 1970 by token. */
  readonly #times = new Map<string, number>()
  readonly #added: () => void

  /** `added` is called after each token that is added. */
  constructor(added: () => void) {
    this.#added = added
  }

  get tokens(): readonly string[] {
    return [...this.#times.keys()]
  }

  /**
   * @param token hexadecimal digits
   * @param at milliseconds since 1970, sent as whole seconds
   * @throws {TypeError} when it could not be sent
   */
  add(token: string, at: number): void {
    if (!/^([0-9a-f]{2})+$/i.test(token) || token.length > 2 * MAX_TOKEN_BYTES) {
      throw new TypeError(`feedback: ${JSON.stringify(token.slice(0, 80))} is no token in hexadecimal digits`)
    }
    this.#times.set(token.toLowerCase(), feedbackTime(at))
    this.#added()
  }

  /** Takes up to so many tokens off the list and returns them as the service sends them; empty when there are none. */
  take(count: number): Buffer {
    const tuples: Buffer[] = []
    for (const [token, at] of this.#times) {
      if (tuples.length === count) break
      this.#times.delete(token)
      tuples.push(encodeTuple(Buffer.from(token, 'hex'), Math.floor(at / 1000)))
    }
    return Buffer.concat(tuples)
  }
}

/** Checks a time in milliseconds since 1970 and gives it back. Throws a TypeError when it could not be sent. */
export function feedbackTime(at: number): number {
  if (at >= 0 && at < (MAX_UINT32 + 1) * 1000) return at
  throw new TypeError(`feedback: ${at} is no time in milliseconds from 1970 to 2106`)
}

/** Timestamp u32, token length u16, token. */
function encodeTuple(token: Buffer, timestamp: number): Buffer {
  const tuple = Buffer.alloc(HEADER_BYTES + token.length)
  tuple.writeUInt32BE(timestamp, 0)
  tuple.writeUInt16BE(token.length, 4)
  token.copy(tuple, HEADER_BYTES)
  return tuple
}
