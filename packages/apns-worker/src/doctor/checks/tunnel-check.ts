import { probeTunnel } from '../../net/probe/tunnel-probe.js'
import { ProxyError, type ProxyErrorCode } from '../../net/proxy/proxy-error.js'
import { type Check, ok, problem } from '../check.js'
import { learned, type ServerContext } from '../context.js'

const ADVICE: Readonly<Record<ProxyErrorCode, string>> = {
  PROXY_CREDENTIALS:
    'Give the user and password in the URL of the proxy, percent-encoded: http://user:password@host:port.',
  PROXY_TLS: "Trust the proxy's certificate (NODE_EXTRA_CA_CERTS), or say http:// if it speaks no TLS.",
  PROXY_UNREACHABLE: 'Look into the log of the proxy: it ended the connection.',
  PROXY_REFUSED: "Have the proxy's administrator allow CONNECT to this host and port.",
  PROXY_BAD_ANSWER: 'Check scheme and port of the proxy: http://, https:// or socks5://.',
}

/** The way through the proxy. */
export const tunnelCheck: Check<ServerContext> = {
  name: 'tunnel',
  needs: ['tcp'],
  applies: ({ target }) => target.proxy !== undefined,
  async run({ target, line }, signal) {
    try {
      const tunnel = await probeTunnel(learned(target.proxy), target, signal)
      line.hangUp = () => tunnel.destroy()
      return ok(`the proxy ${target.proxy?.name} leads to ${target.host}:${target.port}`, {
        learned: { tunnel },
      })
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      return problem(error.code, { text: error.message, advice: ADVICE[error.code] })
    }
  },
  late: ({ target }, seconds) =>
    problem('PROXY_TIMEOUT', {
      text: `the proxy ${target.proxy?.name} has not opened a tunnel within ${seconds} s`,
      advice: 'Look into the log of the proxy: it may not get through itself, or speak another protocol.',
    }),
}
