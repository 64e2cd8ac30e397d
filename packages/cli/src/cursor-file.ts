import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { messageOf, UsageError } from './usage-error.js'

/** A file that holds the place up to which dead tokens have been written, for whoever goes on there later. */
export class CursorFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /**
   * @returns undefined where there is no such file yet
   * @throws {UsageError} when it cannot be read
   */
  read(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8').trim() || undefined
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw new UsageError(`cannot read --cursor-path: ${messageOf(error)}`)
    }
  }

  /**
   * Whoever reads it at any moment finds the old place or the new one, whole.
   *
   * @throws {UsageError} when it cannot be written
   */
  write(cursor: string): void {
    const fresh = `${this.#path}.new`
    try {
      writeFileSync(fresh, `${cursor}\n`)
      renameSync(fresh, this.#path)
    } catch (error) {
      throw new UsageError(`cannot write --cursor-path: ${messageOf(error)}`)
    }
  }
}
