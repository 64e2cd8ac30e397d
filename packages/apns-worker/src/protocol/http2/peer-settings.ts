import { ErrorCode } from './error-code.js'
import { DEFAULT_MAX_FRAME_SIZE, DEFAULT_WINDOW, MAX_31_BIT } from './frame.js'
import { DEFAULT_HEADER_TABLE_SIZE } from './hpack-static-table.js'
import { Http2Error } from './http2-error.js'

/** Setting identifiers of RFC 9113 section 6.5.2. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const

const LARGEST_MAX_FRAME_SIZE = 16_777_215

/** What the peer announced, with the RFC's initial values (section 6.5.2) before that. */
export class PeerSettings {
  headerTableSize: number = DEFAULT_HEADER_TABLE_SIZE
  /** The smallest table size since before the last SETTINGS frame: what was between has to be told (RFC 7541 section 4.2). */
  smallestTableSize: number = DEFAULT_HEADER_TABLE_SIZE
  maxConcurrentStreams: number = Number.POSITIVE_INFINITY
  initialWindowSize: number = DEFAULT_WINDOW
  maxFrameSize: number = DEFAULT_MAX_FRAME_SIZE
  maxHeaderListSize: number = Number.POSITIVE_INFINITY

  /**
   * Applies the payload of a SETTINGS frame, in order, so that the last of equal ones counts (section 6.5.3). Returns the
   * connection's error on an invalid value.
   */
  apply(bytes: Uint8Array, start: number, end: number): Http2Error | undefined {
    this.smallestTableSize = this.headerTableSize
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
    for (let at = 0; at < view.byteLength; at += 6) {
      const error = this.#set(view.getUint16(at), view.getUint32(at + 2))
      if (error !== undefined) return error
    }
    return undefined
  }

  #set(setting: number, value: number): Http2Error | undefined {
    switch (setting) {
      case Setting.HEADER_TABLE_SIZE:
        this.headerTableSize = value
        this.smallestTableSize = Math.min(this.smallestTableSize, value)
        return undefined
      case Setting.ENABLE_PUSH:
        // A server may say that it does not push, and nothing else.
        return value === 0 ? undefined : invalid('ENABLE_PUSH', value)
      case Setting.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value
        return undefined
      case Setting.INITIAL_WINDOW_SIZE:
        this.initialWindowSize = value
        return value <= MAX_31_BIT
          ? undefined
          : invalid('INITIAL_WINDOW_SIZE', value, ErrorCode.FLOW_CONTROL_ERROR)
      case Setting.MAX_FRAME_SIZE:
        this.maxFrameSize = value
        return value >= DEFAULT_MAX_FRAME_SIZE && value <= LARGEST_MAX_FRAME_SIZE
          ? undefined
          : invalid('MAX_FRAME_SIZE', value)
      case Setting.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value
        return undefined
      default:
        return undefined
    }
  }
}

function invalid(name: string, value: number, code: number = ErrorCode.PROTOCOL_ERROR): Http2Error {
  return new Http2Error(code, `the peer sent the setting ${name} with the value ${value}`)
}
