/**
 * One request and its response. The caller subclasses it and hands an instance to `ClientSession.request`, so that a
 * stream costs no object but the one the caller keeps anyway. An instance may be used again after its end; `request`
 * resets every field of this class.
 *
 * A client's stream lives like this (RFC 9113 section 5.1, without the states that only push needs):
 *
 *     not opened ──request()──▶ awaiting the head ──final HEADERS──▶ receiving the body ──END_STREAM──▶ closed
 *                                 │  ▲ 1xx HEADERS │                    │ DATA ▲ │
 *                                 │  └─────────────┘                    └──────┘ │
 *                                 └───── RST_STREAM either way, GOAWAY, connection lost ──▶ closed
 *
 * In parallel, the request's body is `body !== undefined` while some of it waits for the peer's flow-control window.
 * "Closed" is not stored: the session forgets the stream.
 */
export class ClientStream {
  /** The stream's number; 0 until it is opened. */
  id: number = 0
  /** The final `:status`, once known; 0 before. */
  status: number = 0

  /** Engine: true from the final response head on. */
  hasHead: boolean = false
  /** Engine: how many bytes of body we may still send; negative after the peer shrank its initial window. */
  sendWindow: number = 0
  /** Engine: how many bytes of body the peer may still send before we grant more. */
  receiveWindow: number = 0
  /** Engine: how many bytes more are granted in a frame that nobody has taken from the output yet. */
  grantedWindow: number = 0
  /** Engine: how many bytes of body were received. */
  receivedBytes: number = 0
  /** Engine: a body that is not sent in full yet. */
  body: Uint8Array | undefined = undefined
  /** Engine: how much of `body` is sent. */
  bodyOffset: number = 0
}
