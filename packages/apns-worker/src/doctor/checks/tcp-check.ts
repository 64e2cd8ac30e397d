import { probeTcp } from '../../net/probe/tcp-probe.js'
import { type Check, type CheckResult, codeOf, ok, problem, warning } from '../check.js'
import type { DoctorCode } from '../codes.js'
import { firstHop, isAtApple, type ServerContext } from '../context.js'
import type { DiagnosisPart } from '../diagnosis.js'

type TcpFailure = Extract<DoctorCode, `TCP_${string}`>

/** Codes of a connection that fails, and what they are called here. */
const FAILURES: Readonly<Record<string, readonly [code: TcpFailure, words: string]>> = {
  ECONNREFUSED: ['TCP_REFUSED', 'refused'],
  ETIMEDOUT: ['TCP_TIMEOUT', 'no answer'],
  ENETUNREACH: ['TCP_UNREACHABLE', 'no way there'],
  EHOSTUNREACH: ['TCP_UNREACHABLE', 'no way there'],
  EADDRNOTAVAIL: ['TCP_UNREACHABLE', 'no way there'],
  EACCES: ['TCP_FORBIDDEN', 'this machine forbids it'],
  EPERM: ['TCP_FORBIDDEN', 'this machine forbids it'],
}

interface Attempt {
  readonly part: DiagnosisPart
  /** Undefined for a connection. */
  readonly code: TcpFailure | undefined
}

/** A TCP connection to each address, all at once. */
export const tcpCheck: Check<ServerContext> = {
  name: 'tcp',
  needs: ['dns'],
  async run(context, signal) {
    const { addresses } = context
    const { port } = firstHop(context)
    const attempts = await Promise.all(addresses.map((address) => attempt(address, port, signal)))
    return judge(context, attempts)
  },
}

/** What is not there in time is a verdict on this address, not on all of them. */
async function attempt(address: string, port: number, signal: AbortSignal): Promise<Attempt> {
  try {
    const ms = await probeTcp(address, port, signal)
    return {
      part: { subject: address, verdict: 'ok', text: 'connected', seconds: ms / 1000 },
      code: undefined,
    }
  } catch (error) {
    const cause = signal.aborted ? 'ETIMEDOUT' : codeOf(error)
    const [code, words] = FAILURES[cause] ?? ['TCP_FAILED', 'failed']
    // Many machines have IPv4 only, and get along.
    const isHarmless = code === 'TCP_UNREACHABLE' && address.includes(':')
    const text = isHarmless ? `${words} (${cause}): this machine has no IPv6` : `${words} (${cause})`
    return {
      part: { subject: address, verdict: isHarmless ? 'skipped' : 'problem', text, seconds: undefined },
      code,
    }
  }
}

function judge(context: ServerContext, attempts: readonly Attempt[]): CheckResult<ServerContext> {
  const { port } = firstHop(context)
  const parts = attempts.map(({ part }) => part)
  const codes = new Set(attempts.map(({ code }) => code))
  const failed = attempts.filter(({ part }) => part.verdict === 'problem').length
  const facts = { port, connected: attempts.filter(({ code }) => code === undefined).length }
  const of = `${attempts.length} ${attempts.length === 1 ? 'address' : 'addresses'}`
  if (facts.connected === 0) {
    const [code = 'TCP_FAILED'] = codes.size === 1 ? codes : []
    const text = `no connection to port ${port} of ${attempts.length === 1 ? 'the address' : `any of ${of}`}`
    return problem(code, { text, advice: adviceOn(code, context) }, { parts, facts })
  }
  if (failed === 0) return ok(`port ${port}`, { parts, facts })
  const words = {
    text: `port ${port}: no connection to ${failed} of ${of}`,
    advice: 'Connections take another address then, after a delay. Open the way to all of them.',
  }
  return warning('TCP_SOME_FAILED', words, { parts, facts })
}

/** Either will do. */
const NOTIFICATION_PORTS: readonly number[] = [443, 2197]

function adviceOn(code: DoctorCode, { target }: ServerContext): string {
  if (target.proxy !== undefined) {
    return `Check that the proxy runs, and that its port is ${target.proxy.port}.`
  }
  if (!isAtApple(target)) {
    return code === 'TCP_REFUSED'
      ? `Nothing listens there: check host and port, and that the server runs.`
      : 'Check host and port, and the firewalls in between.'
  }
  return (
    'Let this machine connect to 17.0.0.0/8 and, with IPv6, to 2620:149:a44::/48, 2403:300:a42::/48, ' +
    '2403:300:a51::/48 and 2a01:b740:a42::/48, ' +
    `on port ${NOTIFICATION_PORTS.includes(target.port) ? '443 or 2197' : target.port}; or send through a proxy.`
  )
}
