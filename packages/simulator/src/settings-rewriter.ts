/**
 * Two truths about SETTINGS_MAX_CONCURRENT_STREAMS.
 *
 * Node's HTTP/2 server counts a stream until its JavaScript object is destroyed, some turns of the event loop after
 * the client has seen the response, and refuses the next one with ENHANCE_YOUR_CALM. nghttp2 below it refuses streams
 * above a limit that it has sent but that the client cannot know yet. Both blame a client that has done nothing
 * wrong. So they are told a limit that nobody reaches, with the real one in its low bits, and the mark is taken
 * off on the way to the wire. The real limit is kept by `StreamLedger`.
 */

/** SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 section 6.5.2). */
const MAX_CONCURRENT_STREAMS = 0x3
const SETTING_BYTES = 6
/** Set in the limit that nghttp2 knows; above any real limit. */
const MARK = 0x4000_0000
const MARK_IN_FIRST_BYTE = 0x40

/** Largest stream limit that can be advertised. */
export const MAX_STREAM_LIMIT: number = MARK - 1

/** The value to give to Node for a limit that shall go out as `limit`. */
export function markedStreamLimit(limit: number): number {
  return MARK + limit
}

/** Takes the mark off outgoing SETTINGS frames and reports the limit that each advertises. */
export class SettingsRewriter {
  readonly #advertised: (limit: number) => void
  #identifier = 0
  #value = 0

  constructor(advertised: (limit: number) => void) {
    this.#advertised = advertised
  }

  /** Takes the byte at `position` of a SETTINGS payload and returns the one that goes on the wire. */
  settingsByte(position: number, byte: number): number {
    const place = position % SETTING_BYTES
    if (place < 2) {
      this.#identifier = place === 0 ? byte << 8 : this.#identifier | byte
      this.#value = 0
      return byte
    }
    if (this.#identifier !== MAX_CONCURRENT_STREAMS) return byte
    const sent = place === 2 ? byte & ~MARK_IN_FIRST_BYTE : byte
    this.#value = this.#value * 256 + sent
    if (place === SETTING_BYTES - 1) this.#advertised(this.#value)
    return sent
  }
}
