import type { FastifyRequest } from 'fastify'
import { ApiProblem } from '../problem/api-problem.js'

const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/**
 * What there is to fear where no key is asked for: a page in a browser on this very machine. Its requests have the page's
 * `Origin`; and where a name of its site leads here (DNS rebinding), that name as `Host`.
 *
 * @throws {ApiProblem} `FOREIGN_ORIGIN`
 */
export function refuseForeign({ headers, socket }: FastifyRequest): void {
  const { host, origin } = headers
  // Over a socket of the file system there is no name to be led astray by, and no browser.
  if (host !== undefined && socket.remoteAddress !== undefined && !LOCAL_HOST.test(host)) {
    throw new ApiProblem(
      'FOREIGN_ORIGIN',
      'the server has no API keys, and answers to localhost, 127.0.0.1 and [::1] only; the Host of the request is another',
    )
  }
  if (origin !== undefined && !isOwn(origin, host)) {
    throw new ApiProblem('FOREIGN_ORIGIN', 'the server has no API keys, and serves no pages of other origins')
  }
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ApiProblem(
      'FOREIGN_ORIGIN',
      `the server has no API keys, and serves no ${site} requests of browsers`,
    )
  }
}

function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}
