import { inspect } from 'node:util'

/** The environment that a custom host stands for: the simulator, a relay, or a test. */
export interface CustomEnvironment {
  readonly host: string
  /** Default: 443; for the retired gateway, 2195. */
  readonly port?: number | undefined
  /** Where the retired feedback service is; default: 2196. */
  readonly feedbackPort?: number | undefined
  /** Where requests about broadcast channels go; default: 2196. */
  readonly channelPort?: number | undefined
  /** Certificate authorities to trust, in PEM; default: those that Node trusts. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** The name in the server's certificate, where it is not the host's. */
  readonly servername?: string | undefined
  /**
   * False takes any certificate, so that anybody in between can read provider tokens and notifications: for tests. Better
   * name the authority in `ca`. Default: true.
   */
  readonly rejectUnauthorized?: boolean | undefined
}

/** Apple's two environments, or another host. A device token belongs to one environment only. */
export type Environment = 'production' | 'sandbox' | CustomEnvironment

/** Apple's name of an environment; undefined for a custom host, which may be either. */
export function environmentName(environment: Environment): 'production' | 'sandbox' | undefined {
  return typeof environment === 'string' ? environment : undefined
}

/** Where a service is. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** Where one of Apple's services is, in each of its environments. */
export type ServiceHosts = Readonly<Record<'production' | 'sandbox', Place>>

const HTTPS_PORT = 443

/** Source: Apple, "Sending notification requests to APNs". */
export const PROVIDER_API: ServiceHosts = {
  production: { host: 'api.push.apple.com', port: HTTPS_PORT },
  sandbox: { host: 'api.sandbox.push.apple.com', port: HTTPS_PORT },
}

/** Where the provider API of an environment is; or another of Apple's services. */
export function providerApi(environment: Environment, hosts: ServiceHosts = PROVIDER_API): Place {
  if (typeof environment === 'string') return hosts[environment]
  const { host, port = HTTPS_PORT } = environment
  return { host, port }
}

/** The `:authority` of requests (RFC 9113, section 8.3.1). */
export function authorityOf({ host, port }: Place): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === HTTPS_PORT ? name : `${name}:${port}`
}

/**
 * @throws {TypeError} saying what an environment is
 */
export function checkedEnvironment(environment: unknown): Environment {
  if (environment === undefined) return 'production'
  if (environment === 'production' || environment === 'sandbox') return environment
  if (isCustomEnvironment(environment)) return environment
  throw new TypeError(
    `environment is ${describe(environment)}; it is 'production', 'sandbox', or { host, port, ca } for another server`,
  )
}

function isCustomEnvironment(environment: unknown): environment is CustomEnvironment {
  if (environment === null || typeof environment !== 'object') return false
  const { host, port, feedbackPort, channelPort, ca, servername, rejectUnauthorized } = environment as {
    [K in keyof CustomEnvironment]: unknown
  }
  if (typeof host !== 'string' || host === '') return false
  if (servername !== undefined && typeof servername !== 'string') return false
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean') return false
  if (!(ca === undefined || isPem(ca) || (Array.isArray(ca) && ca.every(isPem)))) return false
  return [port, feedbackPort, channelPort].every(isPortOrDefault)
}

function isPortOrDefault(port: unknown): boolean {
  return port === undefined || (Number.isInteger(port) && (port as number) > 0 && (port as number) <= 65535)
}

function isPem(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}

function describe(environment: unknown): string {
  if (environment === null || typeof environment !== 'object') return inspect(environment)
  const shown: Record<string, unknown> = { ...environment }
  // A certificate authority is long, and rarely what is wrong; that it is no PEM shows in its type.
  if ('ca' in shown) shown['ca'] = typeof shown['ca']
  return inspect(shown, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
