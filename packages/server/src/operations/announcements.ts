import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A manager that does not take the word in this time does without. */
const NOTIFY_TIMEOUT_MS = 5000

export interface AnnouncementOptions {
  /** There for as long as the server is ready, with the number of its process in it. */
  readonly readyFile: string | undefined
  /** Whose `NOTIFY_SOCKET` says whether systemd wants to be told. */
  readonly environment: NodeJS.ProcessEnv
  readonly onError: (error: unknown) => void
}

/**
 * Tells whoever looks after the process how it is: by a file that is there while it is ready, and systemd by its protocol.
 *
 * That protocol is a datagram over a socket of the file system, which Node cannot send; systemd's own program
 * `systemd-notify` does it, and the unit says `NotifyAccess=all` for that. Whatever fails here is logged: a server that
 * works is not stopped because nobody hears of it.
 */
export class Announcements {
  readonly #options: AnnouncementOptions
  #isStopping = false

  constructor(options: AnnouncementOptions) {
    this.#options = options
  }

  /** It listens, and what it needs is not there yet: for systemd it has started, which would end it otherwise. */
  async waiting(address: string): Promise<void> {
    await this.#notify('READY=1', `STATUS=listening on ${address}, waiting for the outbox`)
  }

  /** Not after {@link stopping}. */
  async ready(address: string): Promise<void> {
    if (this.#isStopping) return
    const { readyFile } = this.#options
    if (readyFile !== undefined) {
      await this.#attempt(() => writeFile(readyFile, `${process.pid}\n`))
    }
    await this.#notify('READY=1', `STATUS=listening on ${address}`)
  }

  async stopping(): Promise<void> {
    this.#isStopping = true
    await this.#removeFile()
    await this.#notify('STOPPING=1', 'STATUS=draining')
  }

  /** Removes the file of a former self that was killed. */
  async starting(): Promise<void> {
    await this.#removeFile()
  }

  async #removeFile(): Promise<void> {
    const { readyFile } = this.#options
    if (readyFile !== undefined) await this.#attempt(() => rm(readyFile, { force: true }))
  }

  async #notify(...words: readonly string[]): Promise<void> {
    const { environment } = this.#options
    if (environment['NOTIFY_SOCKET'] === undefined) return
    await this.#attempt(async () => {
      await run('systemd-notify', words, { env: environment, timeout: NOTIFY_TIMEOUT_MS })
    })
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
