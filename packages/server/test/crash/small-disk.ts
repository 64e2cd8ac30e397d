import { execFileSync } from 'node:child_process'
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Folder } from '../operations/folder.js'

/** A disk of some megabytes, in memory. Only root may make one, on Linux. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string
  readonly #filler: string

  private constructor(path: string) {
    this.path = path
    this.#filler = join(path, 'filler')
  }

  static async make(folder: Folder, megabytes: number): Promise<SmallDisk> {
    const path = folder.file('disk')
    await mkdir(path)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { stdio: 'pipe' })
    return new SmallDisk(path)
  }

  /** Leaves no room on it. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.path)
    const file = await open(this.#filler, 'w')
    await file.write(Buffer.alloc(bavail * bsize))
    await file.close()
  }

  async free(): Promise<void> {
    await rm(this.#filler)
  }

  makeReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.path], { stdio: 'pipe' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', [this.path], { stdio: 'pipe' })
  }
}

/** Why there is no such disk here; undefined where there is, and in CI, where there has to be one. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform === 'linux' && process.getuid?.() === 0) return undefined
  return process.env['CI'] === 'true' ? undefined : 'only root may mount a small disk, on Linux'
}
