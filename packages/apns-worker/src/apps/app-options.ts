import { checkedEnvironment } from '../backend/environment.js'
import { resolveNetworkOptions } from '../backend/network-options.js'
import { CredentialError } from '../credentials/credential-error.js'
import type { CredentialOptions } from '../credentials/credentials.js'
import { describeValue } from '../describe-value.js'
import { describeCause, SafeLogger } from '../logger.js'
import { type ApnsManagerOptions, checkFunction } from '../manager-options.js'
import { checkedTopic } from '../message-checks.js'
import { AppConfigurationError } from './app-configuration-error.js'

/** The options of one app's manager. `topic` is the app's name unless it is given. */
export type AppOptions = Omit<ApnsManagerOptions, 'name'>

const CREDENTIAL_OPTIONS: Readonly<Record<keyof CredentialOptions, true>> = {
  keyPath: true,
  key: true,
  keyId: true,
  teamId: true,
  extraClaims: true,
  certPath: true,
  cert: true,
  pfxPath: true,
  pfx: true,
  passphrase: true,
}

const APP_OPTIONS: Readonly<Record<keyof AppOptions, true>> = {
  ...CREDENTIAL_OPTIONS,
  environment: true,
  proxy: true,
  backend: true,
  messageGrace: true,
  errorHandler: true,
  topic: true,
  logger: true,
  frameFormat: true,
  maxConnections: true,
  connectTimeout: true,
  requestTimeout: true,
  maxAttempts: true,
  retryDelay: true,
  maxRetryDelay: true,
  maxRetryTime: true,
  pingInterval: true,
  pingTimeout: true,
  maxConnectionAge: true,
  maxConnectionRequests: true,
  idleTimeout: true,
  idleConnections: true,
  badTokenLimit: true,
  broadcastHost: true,
}

/** One app of the configuration. */
export interface AppEntry {
  readonly name: string
  /** Its own, with the defaults for the rest. */
  readonly options: AppOptions
  /** Where in the configuration an option of it is. */
  readonly pathOf: (option: string) => string
}

/**
 * Puts an app's options and the defaults together, and checks what can be checked without the credentials.
 *
 * @throws {AppConfigurationError}
 */
export function appEntry(name: string, own: unknown, defaults: AppOptions): AppEntry {
  const path = `apps[${JSON.stringify(name)}]`
  const given = checkedKeys(own, path, name)
  // Half of a key from here and half of a certificate from there is neither.
  const hasCredentials = Object.keys(given).some((option) => Object.hasOwn(CREDENTIAL_OPTIONS, option))
  const inherited = hasCredentials ? withoutCredentials(defaults) : defaults
  const options: AppOptions = { topic: name, ...inherited, ...given }
  const pathOf = (option: string): string =>
    `${Object.hasOwn(given, option) || !Object.hasOwn(inherited, option) ? path : 'defaults'}.${option}`
  const entry: AppEntry = { name, options, pathOf }
  try {
    checkOptions(options)
  } catch (cause) {
    throw located(entry, cause)
  }
  return entry
}

/**
 * Checks that these are options of an app, by their names. Undefined ones count as not given.
 *
 * @throws {AppConfigurationError}
 */
export function checkedKeys(options: unknown, path: string, app?: string): AppOptions {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    const message = `${path} is ${describeValue(options)}; give an object with the options of a manager`
    throw new AppConfigurationError('APP_OPTION_INVALID', path, message, { app })
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [option] of given) {
    if (Object.hasOwn(APP_OPTIONS, option)) continue
    const message = `${path}.${option} is no option; there are ${Object.keys(APP_OPTIONS).join(', ')}`
    throw new AppConfigurationError('APP_OPTION_INVALID', `${path}.${option}`, message, { app })
  }
  return Object.fromEntries(given)
}

/** An error about an app's options, with the path of the option that it begins with, or else of the app. */
export function located({ name, pathOf }: AppEntry, cause: unknown): AppConfigurationError {
  const code = cause instanceof CredentialError ? 'APP_CREDENTIALS_INVALID' : 'APP_OPTION_INVALID'
  const text = describeCause(cause)
  const option = /^\w+/.exec(text)?.[0]
  const isNamed = option !== undefined && Object.hasOwn(APP_OPTIONS, option)
  const path = isNamed ? pathOf(option) : `apps[${JSON.stringify(name)}]`
  const message = isNamed ? path + text.slice(option.length) : `${path}: ${text}`
  return new AppConfigurationError(code, path, message, { app: name, cause })
}

function withoutCredentials(options: AppOptions): AppOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([option]) => !Object.hasOwn(CREDENTIAL_OPTIONS, option)),
  )
}

function checkOptions(options: AppOptions): void {
  checkedEnvironment(options.environment)
  checkedTopic(options.topic)
  resolveNetworkOptions({ ...options })
  if (options.errorHandler !== undefined) checkFunction(options.errorHandler, 'errorHandler')
  // It throws for what is no logger.
  if (options.logger !== undefined) void new SafeLogger(options.logger)
}
