import { speaksHttp2 } from '../../net/tls-connect.js'
import { type Check, ok, problem } from '../check.js'
import { learned, type ServerContext } from '../context.js'

/** Whether the server has agreed to speak HTTP/2. */
export const alpnCheck: Check<ServerContext> = {
  name: 'alpn',
  needs: ['tls'],
  run({ tls }) {
    const { socket, protocol } = learned(tls)
    const facts = { protocol: protocol ?? null }
    if (speaksHttp2(socket)) return ok('HTTP/2', { facts })
    return problem(
      'ALPN_NOT_HTTP2',
      {
        text: `the server speaks ${protocol ?? 'no HTTP/2, or does not say so'}`,
        advice: 'Check host and port; a proxy that breaks TLS open has to pass on ALPN and HTTP/2.',
      },
      { facts },
    )
  },
}
