import { ErrorCode } from './error-code.js'
import { Flag, FrameType } from './frame.js'

interface FrameRule {
  /** On a stream, on the connection (stream 0), or on either. */
  readonly on: 'stream' | 'connection' | 'either'
  readonly minimumLength: number
  readonly maximumLength: number
  /** Lengths must be a multiple of it. */
  readonly unit: number
}

const ANY_LENGTH = { minimumLength: 0, maximumLength: 0xff_ffff, unit: 1 }
const exactly = (length: number) => ({ minimumLength: length, maximumLength: length, unit: 1 })

/** RFC 9113 sections 6.1 to 6.10, in the order of the types' numbers. */
const RULES: readonly FrameRule[] = [
  /* DATA */ { on: 'stream', ...ANY_LENGTH },
  /* HEADERS */ { on: 'stream', ...ANY_LENGTH },
  /* PRIORITY */ { on: 'stream', ...exactly(5) },
  /* RST_STREAM */ { on: 'stream', ...exactly(4) },
  /* SETTINGS */ { on: 'connection', ...ANY_LENGTH, unit: 6 },
  /* PUSH_PROMISE */ { on: 'stream', ...ANY_LENGTH, minimumLength: 4 },
  /* PING */ { on: 'connection', ...exactly(8) },
  /* GOAWAY */ { on: 'connection', ...ANY_LENGTH, minimumLength: 8 },
  /* WINDOW_UPDATE */ { on: 'either', ...exactly(4) },
  /* CONTINUATION */ { on: 'stream', ...ANY_LENGTH },
]

/**
 * Whether a frame's header breaks the rules of its type: PROTOCOL_ERROR for the wrong kind of stream, FRAME_SIZE_ERROR for
 * an impossible length, NO_ERROR when it is in order. Both are errors of the connection (for PRIORITY the RFC would be
 * content with the stream, section 5.4 lets us be stricter).
 */
export function frameFault(type: number, flags: number, streamId: number, length: number): number {
  const rule = RULES[type]
  if (rule === undefined) return ErrorCode.NO_ERROR
  if (rule.on === 'stream' && streamId === 0) return ErrorCode.PROTOCOL_ERROR
  if (rule.on === 'connection' && streamId !== 0) return ErrorCode.PROTOCOL_ERROR
  if (length < rule.minimumLength || length > rule.maximumLength) return ErrorCode.FRAME_SIZE_ERROR
  if (length % rule.unit !== 0) return ErrorCode.FRAME_SIZE_ERROR
  const ackOfSettings = type === FrameType.SETTINGS && (flags & Flag.ACK) !== 0
  return ackOfSettings && length > 0 ? ErrorCode.FRAME_SIZE_ERROR : ErrorCode.NO_ERROR
}
