/**
 * What went wrong on the way through a proxy; stable, for programs.
 *
 * - `PROXY_CREDENTIALS`: the proxy wants a user and password, or does not take these.
 * - `PROXY_TLS`: TLS to the proxy itself was refused: its certificate is not trusted, or it does not speak TLS.
 * - `PROXY_UNREACHABLE`: there is no connection to the proxy, or it was lost before the tunnel was open.
 * - `PROXY_REFUSED`: the proxy answered that it does not open the tunnel.
 * - `PROXY_BAD_ANSWER`: what it answered is not the protocol that was spoken to it.
 */
export type ProxyErrorCode =
  | 'PROXY_CREDENTIALS'
  | 'PROXY_TLS'
  | 'PROXY_UNREACHABLE'
  | 'PROXY_REFUSED'
  | 'PROXY_BAD_ANSWER'

/** Why a tunnel was not opened. Names the proxy, never the user and password. */
export class ProxyError extends Error {
  readonly code: ProxyErrorCode

  constructor(code: ProxyErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ProxyError'
    this.code = code
  }
}
