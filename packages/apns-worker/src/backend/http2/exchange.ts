import type { Notification } from '../../notification.js'
import { ClientStream } from '../../protocol/http2/client-stream.js'

/** The status of a notification that was accepted. */
export const OK = 200

/** The response fields that mean something to us. */
export const RESPONSE_FIELDS: readonly string[] = ['retry-after', 'apns-unique-id', 'date']

/** Refusals are some 40 bytes of JSON; a proxy's HTML page is not worth more than this to anybody. */
const MAX_BODY_LENGTH = 4096

/** One notification on its way: the request, and what has come back so far. */
export class Exchange extends ClientStream {
  readonly notification: Notification
  /** The provider token that it was sent with; undefined on a connection with a client certificate. */
  readonly providerToken: string | undefined
  /** When it was handed to the socket, on the monotonic clock. */
  readonly dispatchedAtMs: number
  responseBody = ''
  retryAfter: string | undefined = undefined
  uniqueId: string | undefined = undefined
  /** When it was answered, by the server's clock. */
  date: string | undefined = undefined

  constructor(notification: Notification, providerToken: string | undefined, dispatchedAtMs: number) {
    super()
    this.notification = notification
    this.providerToken = providerToken
    this.dispatchedAtMs = dispatchedAtMs
  }

  field(name: string, value: string): void {
    if (name === 'retry-after') this.retryAfter = value
    else if (name === 'date') this.date = value
    else this.uniqueId = value
  }

  data(chunk: Uint8Array): void {
    if (this.responseBody.length >= MAX_BODY_LENGTH) return
    this.responseBody += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
  }
}
