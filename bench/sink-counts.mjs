/**
 * What the sink counts, over all its connections.
 *
 * @typedef {ReturnType<typeof newCounts>} SinkCounts
 */

export function newCounts() {
  return {
    connections: 0,
    requests: 0,
    refused: 0,
    bytesReceived: 0,
    cipher: '',
    /** DATA frames beyond the window of the connection or of their stream. */
    windowViolations: 0,
    /** Streams opened beyond the limit. */
    streamViolations: 0,
    /** The most bytes that one connection had used of its window. */
    peakWindowBytes: 0,
    /** The most streams that were open at a time on one connection. */
    peakStreams: 0,
    /** SETTINGS frames that changed the stream limit. */
    limitChanges: 0,
    /** Socket writes, and the milliseconds that they were held back, all together. */
    writes: 0,
    heldMs: 0,
  }
}
