import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { ApnsManagerOptions, CustomEnvironment, Logger } from 'apns-worker'
import type { Login } from './test-proxies.js'

/** Every secret begins with the same, so that a search finds them all. */
export const LOGIN: Login = { username: 's3cretUser', password: 's3cretPassword' }
export const WRONG_LOGIN: Login = { ...LOGIN, password: 's3cretOld' }

/** Everything that is logged, with its details. */
export class ProxyListener {
  readonly heard: unknown[] = []
  readonly warnings: string[] = []

  /** For a sender through this proxy, with credentials. */
  options(url: string, options: Partial<ApnsManagerOptions> = {}): Partial<ApnsManagerOptions> {
    const hear = (message: string, details?: object): void => {
      this.heard.push(message, details)
    }
    const warn = (message: string, details?: object): void => {
      hear(message, details)
      this.warnings.push(message)
    }
    const logger: Logger = { debug: hear, info: hear, warn, error: warn }
    return { proxy: url, retryDelay: 0.01, maxRetryDelay: 0.02, logger, ...options }
  }

  /** Neither what was logged nor these have a secret in them, or what could be made into one. */
  assertNoSecret(...others: readonly unknown[]): void {
    const text = inspect([this.heard, others], {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      maxArrayLength: null,
      maxStringLength: null,
    })
    const encoded = (login: Login): string =>
      Buffer.from(`${login.username}:${login.password}`).toString('base64')
    for (const secret of ['s3cret', encoded(LOGIN), encoded(WRONG_LOGIN)])
      assert.ok(!text.includes(secret), text)
  }
}

/** A server taken for a proxy, with the login. */
export function urlTo(scheme: string, { environment }: { readonly environment: CustomEnvironment }): string {
  return `${scheme}://${LOGIN.username}:${LOGIN.password}@127.0.0.1:${environment.port}`
}
