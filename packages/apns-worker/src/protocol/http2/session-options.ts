import { DEFAULT_HEADER_TABLE_SIZE } from './hpack-static-table.js'
import { DEFAULT_MAX_RESPONSE_BODY_BYTES } from './limits.js'

/** How a session behaves; all of it has defaults. */
export interface SessionOptions {
  /** Names (lower case) of the response fields to report; the others are checked and dropped. Default: none. */
  readonly responseFields?: readonly string[]
  /** Largest response body in bytes; a stream with a longer one is reset. Default: 65,536. */
  readonly maxResponseBodyBytes?: number
  /** Our SETTINGS_HEADER_TABLE_SIZE in bytes: what the peer may use to compress. Default: 4,096; range: 0 to 65,536. */
  readonly headerTableSize?: number
}

/** Options with the defaults filled in. Throws a RangeError on a value outside its range. */
export function resolveSessionOptions(options: SessionOptions): Required<SessionOptions> {
  const { responseFields = [], maxResponseBodyBytes = DEFAULT_MAX_RESPONSE_BODY_BYTES } = options
  const { headerTableSize = DEFAULT_HEADER_TABLE_SIZE } = options
  if (!(maxResponseBodyBytes >= 0)) throw new RangeError('maxResponseBodyBytes must be 0 or more')
  if (!Number.isInteger(headerTableSize) || headerTableSize < 0 || headerTableSize > 65_536) {
    throw new RangeError('headerTableSize must be a whole number from 0 to 65,536')
  }
  return { responseFields, maxResponseBodyBytes, headerTableSize }
}
