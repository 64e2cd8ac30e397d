import type { Socket } from 'node:net'
import { PROVIDER_API } from '../backend/environment.js'
import { BROADCAST_API, CHANNEL_HOSTS } from '../broadcast/hosts.js'
import type { CredentialOptions, Credentials } from '../credentials/credentials.js'
import type { TlsInspection } from '../net/probe/tls-probe.js'
import type { TlsTarget } from '../net/tls-connect.js'
import type { CheckedServer } from './diagnosis.js'
import type { Answer, DoctorSession } from './session.js'

/** What the checks go by that have to do with no server. */
export interface SetupContext {
  readonly credentialOptions: CredentialOptions
  /** The topic that was given. */
  readonly givenTopic: string | undefined
  /** Learned by the check of the credential. */
  readonly credentials: Credentials | undefined
  /** Learned by the check of the topic: the one to push to. */
  readonly topic: string | undefined
}

/** What the checks of one server go by. */
export interface ServerContext {
  readonly server: CheckedServer
  readonly target: TlsTarget
  /** Undefined when there is none that could be used. */
  readonly credentials: Credentials | undefined
  readonly credentialOptions: CredentialOptions
  readonly topic: string | undefined
  /** What ends the connection, as far as it has come. Each step takes over the socket of the one before. */
  readonly line: { hangUp: () => void }
  /** Learned by the check of that name, as are the rest. */
  readonly addresses: readonly string[]
  readonly tunnel: Socket | undefined
  readonly tls: TlsInspection | undefined
  readonly session: DoctorSession | undefined
  /** To the request. */
  readonly answer: Answer | undefined
}

/** Whose addresses are looked up and connected to: the proxy's, or the server's. */
export function firstHop({ target }: Pick<ServerContext, 'target'>): { host: string; port: number } {
  const { host, port } = target.proxy ?? target
  return { host, port }
}

const APPLES: ReadonlySet<string> = new Set(
  [PROVIDER_API, BROADCAST_API, CHANNEL_HOSTS].flatMap(({ production, sandbox }) => [
    production.host,
    sandbox.host,
  ]),
)

/** Whether it is Apple's own host, and no simulator or relay. */
export function isAtApple({ host }: Pick<TlsTarget, 'host'>): boolean {
  return APPLES.has(host)
}

/** What a check before this one must have learned. */
export function learned<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a check runs before those that it needs')
  return value
}
