import type { HpackEncoder } from './hpack-encoder.js'

/** Writes the fields of a request: the four pseudo-fields first, names in lower case (RFC 9113 section 8.3.1). */
export interface RequestHead {
  /** Called once, synchronously, by `ClientSession.request`. If it throws, the connection fails: HPACK state is lost. */
  writeFields(encoder: HpackEncoder): void
}
