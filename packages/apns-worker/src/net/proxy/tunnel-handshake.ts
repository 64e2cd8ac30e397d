import type { ProxyErrorCode } from './proxy-error.js'

/** For the proxy, decoded. */
export interface ProxyCredentials {
  readonly username: string
  readonly password: string
}

/** What becomes of a handshake with the bytes that came. */
export type HandshakeStep =
  | { readonly kind: 'more'; readonly send: Uint8Array | undefined }
  /** The tunnel is open. What came behind the answer belongs to it. */
  | { readonly kind: 'open'; readonly rest: Uint8Array }
  /** What the proxy did, as the end of a sentence that begins with its name. */
  | { readonly kind: 'failed'; readonly code: ProxyErrorCode; readonly what: string }

/** The client's side of what is said to a proxy until the tunnel is open. No I/O, no clock. */
export interface TunnelHandshake {
  /** What is sent first. */
  greeting(): Uint8Array
  /** Takes what the proxy sent; not to be called again after `open` or `failed`. */
  receive(chunk: Uint8Array): HandshakeStep
}

export const MORE: HandshakeStep = { kind: 'more', send: undefined }

export function failed(code: ProxyErrorCode, what: string): HandshakeStep {
  return { kind: 'failed', code, what }
}
