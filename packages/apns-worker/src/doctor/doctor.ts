import type { CredentialOptions, Credentials } from '../credentials/credentials.js'
import { type ProxyOption, proxyFor } from '../net/proxy/proxy-option.js'
import { type CertificateAuthorities, secureContextOf } from '../net/secure-context.js'
import type { TlsTarget } from '../net/tls-connect.js'
import { alpnCheck } from './checks/alpn-check.js'
import { authenticationCheck } from './checks/authentication-check.js'
import { clockCheck } from './checks/clock-check.js'
import { credentialCheck } from './checks/credential-check.js'
import { dnsCheck } from './checks/dns-check.js'
import { environmentCheck } from './checks/environment-check.js'
import { settingsCheck } from './checks/settings-check.js'
import { tcpCheck } from './checks/tcp-check.js'
import { tlsCheck } from './checks/tls-check.js'
import { topicCheck } from './checks/topic-check.js'
import { tunnelCheck } from './checks/tunnel-check.js'
import type { ServerContext, SetupContext } from './context.js'
import type { CheckedServer, Diagnosis } from './diagnosis.js'
import { type Failures, runChecks } from './examination.js'
import { placesOf, type ServicePlace } from './service-places.js'

export { DOCTOR_CODES, type DoctorCode } from './codes.js'
export type {
  CheckedServer,
  CheckName,
  Diagnosis,
  DiagnosisPart,
  DoctorService,
  DoctorVerdict,
  Facts,
} from './diagnosis.js'

/** Where to look: one of Apple's environments, or a server that stands for one, or for none. */
export interface DoctorServer {
  /** Whose rules apply to certificates; may be left out for another host. */
  readonly environment?: 'production' | 'sandbox' | undefined
  /** Default: Apple's, of that environment. */
  readonly host?: string | undefined
  /** Default: 443. Apple listens on 2197 as well. */
  readonly port?: number | undefined
  /** With `broadcasts`: where requests about channels go, on another host than Apple's; not checked where it is not given. */
  readonly channelPort?: number | undefined
  /** Certificate authorities to trust, in PEM; default: those that Node trusts. */
  readonly ca?: CertificateAuthorities | undefined
  /** The name in the server's certificate, where it is not the host's. */
  readonly servername?: string | undefined
}

/** What is to be checked: a manager's credentials, topic and proxy, and where. */
export interface DoctorOptions extends CredentialOptions {
  /** The topic to push to; needed with a key. Default with a certificate: its own. */
  readonly topic?: string | undefined
  /** Default: production and sandbox, or the one of them that the certificate is for. */
  readonly servers?: readonly DoctorServer[] | undefined
  readonly proxy?: ProxyOption | undefined
  /** Whether the hosts for broadcasts and for their channels are checked as well; with a bundle id as the topic. Default: false. */
  readonly broadcasts?: boolean | undefined
  /** Seconds that each check may take. Default: 10. */
  readonly timeout?: number | undefined
}

const DEFAULT_TIMEOUT = 10

const SETUP_CHECKS = [credentialCheck, topicCheck]
const SERVER_CHECKS = [
  environmentCheck,
  dnsCheck,
  tcpCheck,
  tunnelCheck,
  tlsCheck,
  alpnCheck,
  settingsCheck,
  authenticationCheck,
  clockCheck,
]

/**
 * Checks everything that sending needs, step by step, and says of each step whether it works and what to do if not. It
 * delivers nothing: the one request that it makes to each server is for a device, or a channel, that can not exist.
 *
 * What it finds comes as it is found. It opens a handful of connections and closes them, also when the iteration is left early.
 *
 * @throws {TypeError} at once, for a server or proxy that makes no sense; what is wrong with a credential is a diagnosis
 */
export function diagnose(options: DoctorOptions): AsyncGenerator<Diagnosis, void, undefined> {
  const { timeout = DEFAULT_TIMEOUT } = options
  if (!(timeout > 0)) throw new TypeError(`timeout is ${timeout}; give seconds, more than 0`)
  const servers = options.servers ?? [{ environment: 'production' }, { environment: 'sandbox' }]
  const patients = servers.flatMap((server) =>
    placesOf(server, options.broadcasts === true).map((place) => patientOf(server, place, options.proxy)),
  )
  return examine(options, patients, Math.min(timeout, LONGEST_TIMEOUT) * 1000)
}

/** The longest that `setTimeout` can wait, in seconds. */
const LONGEST_TIMEOUT = (2 ** 31 - 1) / 1000

/** A server, and what to connect to it with. */
interface Patient {
  readonly server: CheckedServer
  targetFor(credentials: Credentials | undefined): TlsTarget
}

function patientOf(
  { environment, ca, servername }: DoctorServer,
  { name, service, host, port }: ServicePlace,
  proxyOption: unknown,
): Patient {
  const proxy = proxyFor(proxyOption, { host, port })
  // What is wrong with it is to be known now.
  secureContextOf(ca)
  return {
    server: { name, service, environment, host, port, proxy: proxy?.name },
    targetFor: (credentials) => ({
      host,
      port,
      servername,
      proxy,
      secureContext: secureContextOf(ca, credentials?.kind === 'certificate' ? credentials.tls : undefined),
    }),
  }
}

async function* examine(
  options: DoctorOptions,
  patients: readonly Patient[],
  timeoutMs: number,
): AsyncGenerator<Diagnosis, void, undefined> {
  const failures: Failures = new Map()
  const setup: SetupContext = {
    credentialOptions: options,
    givenTopic: options.topic === '' ? undefined : options.topic,
    credentials: undefined,
    topic: undefined,
  }
  const run = { timeoutMs, failures, server: undefined, later: SERVER_CHECKS }
  const known = yield* runChecks(SETUP_CHECKS, setup, run)
  const chosen = options.servers === undefined ? patients.filter((each) => isFor(each, known)) : patients
  for (const patient of chosen) yield* examineServer(patient, known, { failures, timeoutMs })
}

/** A certificate for the one environment is not tried on the other, unless that was asked for. */
function isFor({ server: { environment } }: Patient, { credentials }: SetupContext): boolean {
  if (credentials?.kind !== 'certificate' || environment === undefined) return true
  const { production, sandbox } = credentials.certificate
  return production === sandbox || (environment === 'production' ? production : sandbox)
}

async function* examineServer(
  { server, targetFor }: Patient,
  { credentials, credentialOptions, topic }: SetupContext,
  { failures, timeoutMs }: { readonly failures: Failures; readonly timeoutMs: number },
): AsyncGenerator<Diagnosis, void, undefined> {
  const context: ServerContext = {
    server,
    target: targetFor(credentials),
    credentials,
    credentialOptions,
    topic,
    line: { hangUp() {} },
    addresses: [],
    tunnel: undefined,
    tls: undefined,
    session: undefined,
    answer: undefined,
  }
  try {
    const run = { server, timeoutMs, failures: new Map(failures), later: [] }
    yield* runChecks(SERVER_CHECKS, context, run)
  } finally {
    context.line.hangUp()
  }
}
