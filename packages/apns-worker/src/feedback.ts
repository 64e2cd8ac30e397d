import { decodeFeedbackTuple, FEEDBACK_HEADER_BYTES } from './protocol/gateway/feedback-tuple.js'

/** A device token that can not receive notifications any more. */
export class Feedback {
  /** Hex-encoded, in lower case. */
  readonly token: string
  /**
   * Since when, by Apple's clock. If the device registered with your service after this time, ignore the feedback.
   */
  readonly when: Date
  /** Apple's reason, `Unregistered` or `ExpiredToken`; undefined from the retired feedback service, which gave none. */
  readonly reason: string | undefined

  constructor(token: string, when: Date, reason?: string) {
    this.token = token
    this.when = when
    this.reason = reason
  }

  /**
   * Parses one record of the retired feedback service from the start of some bytes.
   *
   * @returns the record and the bytes after it; or undefined and all the bytes, when the record is not complete
   */
  static parse(bytes: Uint8Array): [feedback: Feedback | undefined, remainder: Uint8Array] {
    const tuple = decodeFeedbackTuple(bytes)
    if (tuple === undefined) return [undefined, bytes]
    const token = Buffer.from(tuple.token).toString('hex')
    return [
      new Feedback(token, new Date(tuple.timestamp * 1000)),
      bytes.subarray(FEEDBACK_HEADER_BYTES + tuple.token.length),
    ]
  }
}

/** A running `getFeedback`. */
export interface Subscription {
  /** No more calls of the callback. Idempotent. */
  cancel(): void
}
