import type { Environment } from '../backend/environment.js'
import type { Account } from '../backend/http2/account.js'
import type { Connection } from '../backend/http2/connection.js'
import type { Exchange } from '../backend/http2/exchange.js'
import { Http2Backend } from '../backend/http2/http2-backend.js'
import type { ApnsError } from '../error.js'
import type { ApnsManagerOptions } from '../manager-options.js'
import type { Notification } from '../notification.js'
import type { AppBackend } from './app-backend.js'
import { SharedQueue } from './shared-queue.js'

/** What is wrong with one app, while others with the same key may be well. */
const ABOUT_ONE_APP: ReadonlySet<string> = new Set(['TopicDisallowed', 'WrongEnvironment'])

/**
 * Sends for several apps over the same connections, which Apple allows with one key of one team, in one environment, and
 * with one certificate. Each app has its own queue and errors; trouble with the key or the network is everybody's.
 *
 * Source: Apple, "Establishing a token-based connection to APNs".
 */
export class SharedBackend extends Http2Backend {
  readonly #shared: SharedQueue<AppBackend>
  readonly #left: () => void
  /** Whose answer is being looked at. */
  #answering: Notification | undefined
  #errorHandlers = 0

  /**
   * @param options of any of the apps; they have in common what counts here
   * @param left called when the last app has left: it sends no more
   */
  constructor(options: ApnsManagerOptions & { readonly environment: Environment }, left: () => void) {
    const shared = new SharedQueue<AppBackend>()
    super({ ...options, queue: shared })
    this.#shared = shared
    this.#left = left
  }

  join(app: AppBackend): void {
    this.#shared.add(app)
    if (app.hasErrorHandler) this.#errorHandlers++
  }

  async leave(app: AppBackend): Promise<void> {
    if (!this.#shared.apps.includes(app)) return
    this.#shared.remove(app)
    if (app.hasErrorHandler) this.#errorHandlers--
    if (this.#shared.apps.length > 0) return
    this.#left()
    await this.stop()
  }

  override accountOf(notification: Notification): Account {
    return this.#shared.originOf(notification)?.account ?? super.accountOf(notification)
  }

  override answered(connection: Connection, exchange: Exchange): void {
    this.#answering = exchange.notification
    super.answered(connection, exchange)
    this.#answering = undefined
  }

  /** Pauses those that it is about; this one goes on, for the others. */
  override pause(error: ApnsError): void {
    const app = this.#answering && this.#shared.originOf(this.#answering)
    const apps = app !== undefined && ABOUT_ONE_APP.has(error.reason) ? [app] : [...this.#shared.apps]
    for (const each of apps) each.pause(error)
  }

  override get hasErrorHandler(): boolean {
    return this.#errorHandlers > 0
  }

  override deliveryError(error: ApnsError): void {
    const app = error.notification && this.#shared.originOf(error.notification)
    app?.deliveryError(error)
  }
}
