import { isAddress, lookUpAddresses } from '../../net/probe/address-lookup.js'
import { type Check, codeOf, ok, problem } from '../check.js'
import { firstHop, isAtApple, type ServerContext } from '../context.js'

/** More are not tried: a resolver may answer anything. */
export const MAX_ADDRESSES = 16

/** Codes of getaddrinfo for a name that there is not, or that has no address. */
const NO_SUCH_NAME: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA', 'ENODATA'])

/** The addresses of the server, or of the proxy, which is what looks up the server's. */
export const dnsCheck: Check<ServerContext> = {
  name: 'dns',
  needs: [],
  async run(context, signal) {
    const { host } = firstHop(context)
    let found: readonly string[]
    try {
      found = await lookUpAddresses(host, signal)
    } catch (error) {
      signal.throwIfAborted()
      return failed(context, codeOf(error))
    }
    const addresses = found.slice(0, MAX_ADDRESSES)
    const text = isAddress(host) ? `${host} is an address` : `${host} is ${addresses.join(', ')}`
    return ok(text, { learned: { addresses }, facts: { addresses } })
  },
  late: (context, seconds) =>
    problem('DNS_TIMEOUT', {
      text: `no answer about ${firstHop(context).host} within ${seconds} s`,
      advice: RESOLVER,
    }),
}

const RESOLVER = 'Look at the resolver of this machine (/etc/resolv.conf): it does not answer.'

function failed(context: ServerContext, code: string): ReturnType<typeof problem<ServerContext>> {
  const { host } = firstHop(context)
  if (!NO_SUCH_NAME.has(code)) {
    return problem('DNS_FAILED', { text: `${host} could not be looked up (${code})`, advice: RESOLVER })
  }
  return problem('DNS_NOT_FOUND', {
    text: `there is no host ${host} (${code})`,
    advice: `${adviceFor(context)} A machine without DNS can send through a proxy, which looks up names itself.`,
  })
}

function adviceFor({ target }: ServerContext): string {
  if (target.proxy !== undefined) return "Check the proxy's name."
  return isAtApple(target)
    ? 'Let the resolver of this machine answer for push.apple.com.'
    : "Check the host's name."
}
