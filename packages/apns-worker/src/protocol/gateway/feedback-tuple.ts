/** Timestamp and token length. */
export const FEEDBACK_HEADER_BYTES: number = 4 + 2

export interface FeedbackTuple {
  /** Unix seconds. */
  readonly timestamp: number
  readonly token: Uint8Array
}

/**
 * One tuple of the feedback service: timestamp (32 bits), token length (16 bits), token.
 *
 * @returns undefined while the tuple is not complete
 */
export function decodeFeedbackTuple(bytes: Uint8Array): FeedbackTuple | undefined {
  if (bytes.length < FEEDBACK_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = FEEDBACK_HEADER_BYTES + view.getUint16(4)
  if (bytes.length < end) return undefined
  return { timestamp: view.getUint32(0), token: bytes.slice(FEEDBACK_HEADER_BYTES, end) }
}
