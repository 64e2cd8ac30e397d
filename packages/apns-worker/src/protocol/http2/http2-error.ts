import { errorCodeName } from './error-code.js'

/** The peer (or the caller) broke the connection's rules; the connection cannot be used any more. */
export class Http2Error extends Error {
  override readonly name: string = 'Http2Error'
  /** The RFC's name of the error, such as `PROTOCOL_ERROR`; stable. */
  readonly code: string
  /** The same as a number (RFC 9113 section 7): what our GOAWAY frame carries. */
  readonly errorCode: number

  constructor(errorCode: number, message: string, options?: ErrorOptions) {
    const code = errorCodeName(errorCode)
    super(`${message} (${code})`, options)
    this.code = code
    this.errorCode = errorCode
  }
}
