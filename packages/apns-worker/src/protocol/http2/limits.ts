/*
 * What a peer may cost us. Every limit ends in the RFC's error code and in a closed stream or connection, never in growing
 * memory; each names the attack that it stops. Figures leave room for any honest server by a factor of ten or more.
 */

/** Largest integer in a header block: nothing in HTTP/2 needs more than an index, a length or a table size of 28 bits. */
export const MAX_HPACK_INTEGER = 0x0fff_ffff

/**
 * Size of a response's field section, uncompressed, 32 bytes added for each field: our SETTINGS_MAX_HEADER_LIST_SIZE. More
 * resets the stream. Stops header bombs (CVE-2016-1544: a block of one-byte references that expands without end).
 */
export const MAX_HEADER_LIST_BYTES = 16_384

/**
 * Bytes of one header block, and CONTINUATION frames that it may come in. More ends the connection. Stops the CONTINUATION
 * flood (CVE-2024-27316, CVE-2024-28182: a header block that never ends).
 */
export const MAX_HEADER_BLOCK_BYTES = 65_536
export const MAX_CONTINUATION_FRAMES = 16

/** Bytes of a response's body, unless the caller gives another limit. More resets the stream. */
export const DEFAULT_MAX_RESPONSE_BODY_BYTES = 65_536

/**
 * Bytes of frames that the peer made us write (acknowledgements, window updates, resets) since the output was last taken.
 * More ends the connection. Stops a peer that asks and never reads (CVE-2019-9512 PING, CVE-2019-9515 SETTINGS, CVE-2019-9517).
 */
export const MAX_REPLY_BYTES = 65_536

/**
 * Output beyond which the session takes no more requests and copies no more of the bodies, until the owner takes it.
 * Bounds what a caller can pile up before a slow socket.
 */
export const MAX_OUTPUT_BYTES = 1_048_576

/** Requests open at a time, whatever the peer permits. */
export const MAX_OPEN_STREAMS = 65_536

/**
 * Spare output buffers kept for the next turn, and their size: a full turn, 1,000 requests of some 330 bytes, fits without
 * growing (128 KiB cost a tenth more CPU, see bench/).
 */
export const MAX_SPARE_BUFFERS = 2
export const OUTPUT_BUFFER_BYTES = 524_288

/** The period in which frames that bring nothing are counted, in milliseconds. */
export const FLOOD_PERIOD_MS = 10_000

/**
 * Frames of one kind that may bring nothing within one period, apart from `FLOOD_FRAMES_PER_RESPONSE`. More ends the
 * connection with ENHANCE_YOUR_CALM.
 */
export const FLOOD_LIMITS = {
  /** CVE-2019-9515: SETTINGS to acknowledge. */
  settings: 1_000,
  /** CVE-2019-9512: PING to answer. */
  ping: 1_000,
  /** CVE-2019-9518: DATA, HEADERS (1xx) and CONTINUATION without content. */
  empty: 1_000,
  /** CVE-2019-9514, CVE-2023-44487: RST_STREAM, here for streams that are closed already. */
  reset: 1_000,
  /** CVE-2019-9511, CVE-2019-9513: PRIORITY, unknown frames, WINDOW_UPDATE that no body waits for, frames for closed streams. */
  idle: 10_000,
} as const

/**
 * What each response adds to all of these limits: Apple may change its SETTINGS before and after each refusal, and an
 * honest server may send some WINDOW_UPDATE frames with each request.
 */
export const FLOOD_FRAMES_PER_RESPONSE = 4

/**
 * Bytes of DATA that the peer may send ahead on the whole connection, all streams together. Responses are tiny; this is
 * sixteen full stream windows.
 */
export const CONNECTION_WINDOW_BYTES = 1_048_576
