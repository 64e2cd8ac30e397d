import { isAddress } from '../../net/probe/address-lookup.js'
import { inspectTls, type TlsInspection } from '../../net/probe/tls-probe.js'
import { isTlsRefusal } from '../../net/tls-refusal.js'
import { type Check, type CheckResult, codeOf, ok, problem, warning } from '../check.js'
import type { DoctorCode } from '../codes.js'
import { isAtApple, type ServerContext } from '../context.js'

/** The TLS handshake, as for sending, and the certificate that the server shows. */
export const tlsCheck: Check<ServerContext> = {
  name: 'tls',
  needs: ['tcp', 'tunnel'],
  async run(context, signal) {
    try {
      const tls = await inspectTls(context.target, context.tunnel, signal)
      context.line.hangUp = () => tls.socket.destroy()
      return judge(context, tls)
    } catch (error) {
      signal.throwIfAborted()
      return failed(error)
    }
  },
  late: (_context, seconds) =>
    problem('TLS_TIMEOUT', {
      text: `no answer to the TLS handshake within ${seconds} s`,
      advice: 'Something in between takes connections and leads nowhere, or the server is stuck.',
    }),
}

function judge(context: ServerContext, tls: TlsInspection): CheckResult<ServerContext> {
  const { version, cipher, chain, distrust } = tls
  const names = [...chain.map(({ subject }) => subject), ...rootName(tls)]
  const validTo = chain[0]?.validTo
  const facts = {
    version,
    cipher,
    chain: names,
    validTo: validTo?.toISOString() ?? null,
    distrust: distrust ?? null,
  }
  const until = validTo === undefined ? '' : `, until ${validTo.toISOString().slice(0, 10)}`
  const text = `${version}, ${cipher}; certificate ${names.join(' ← ')}${until}`
  if (distrust !== undefined) {
    const { code, words, advice } = explainDistrust(context, distrust)
    return problem(code, { text: `${text}; ${words} (${distrust})`, advice }, { facts })
  }
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    const words = {
      text: `${text}; trusted, but NODE_TLS_REJECT_UNAUTHORIZED=0 lets every other be trusted as well`,
      advice: 'Take NODE_TLS_REJECT_UNAUTHORIZED out of the environment: with it, anybody can pose as Apple.',
    }
    return warning('TLS_NOT_CHECKED', words, { learned: { tls }, facts })
  }
  return ok(`${text}; trusted`, { learned: { tls }, facts })
}

/** The issuer of the last certificate, where it is not there itself. */
function rootName({ chain }: TlsInspection): string[] {
  const last = chain.at(-1)
  return last === undefined || last.issuer === last.subject ? [] : [last.issuer]
}

interface Distrust {
  readonly code: DoctorCode
  readonly words: string
  readonly advice: string
}

function explainDistrust({ target }: ServerContext, code: string): Distrust {
  const interception =
    "Something in between may answer in the server's place, such as a proxy that breaks TLS open"
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      code: 'TLS_WRONG_NAME',
      words: `not for ${target.servername ?? target.host}`,
      advice: isAddress(target.host)
        ? 'Give the host by the name that is in its certificate.'
        : `Check the host. ${interception}.`,
    }
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return {
      code: 'TLS_DATES',
      words: code === 'CERT_HAS_EXPIRED' ? 'expired' : 'not valid yet',
      advice: "Set this machine's clock; if it is right, the server needs another certificate.",
    }
  }
  return {
    code: 'TLS_UNTRUSTED',
    words: 'signed by nobody whom this machine trusts',
    advice: isAtApple(target)
      ? `${interception}: have Apple's hosts exempted, or trust its authority (NODE_EXTRA_CA_CERTS). Or Node is so old that it does not know Apple's authority.`
      : 'Give the certificate of the authority that signed it as ca.',
  }
}

function failed(error: unknown): CheckResult<ServerContext> {
  const code = codeOf(error)
  if (code.includes('NO_APPLICATION_PROTOCOL')) {
    return problem('ALPN_REFUSED', {
      text: 'the server ended the TLS handshake since it does not speak HTTP/2',
      advice: 'Check host and port.',
    })
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER/.test(code)) {
    return problem('TLS_NOT_SPOKEN', {
      text: `what answers there does not speak TLS (${code})`,
      advice: 'Check host and port.',
    })
  }
  if (isTlsRefusal(error)) {
    return problem('TLS_REFUSED', {
      text: `the server refused the TLS handshake (${code})`,
      advice: 'It may not take the client certificate, or wants another version of TLS.',
    })
  }
  return problem('TLS_CLOSED', {
    text: `the connection ended during the TLS handshake (${code})`,
    advice:
      'A firewall may let TCP pass and not TLS. Apple also ends connections for a time when too many are opened.',
  })
}
