import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 100
const heartbeatMs = 2_000
/** A lock that has not been touched for so long belongs to a process that was killed. */
const staleMs = 15_000

/**
 * Runs `work` while this process alone, among all that use the same lock file, is running its own.
 * The lock of a killed process is taken over.
 *
 * @template T
 * @param {string} path the lock file
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(path, work, onWait) {
  const mine = `${path}.${randomUUID()}`
  // Linked into place whole, so that nobody reads a lock without its owner.
  writeFileSync(mine, `${process.pid}\n`)
  try {
    for (let waited = false; !tryLink(mine, path); waited = true) {
      if (removeIfStale(path)) continue
      if (!waited) onWait?.()
      await sleep(pollMs)
    }
  } finally {
    rmSync(mine, { force: true })
  }
  const heartbeat = setInterval(() => utimesSync(path, new Date(), new Date()), heartbeatMs)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    rmSync(path, { force: true })
  }
}

/** @param {string} from @param {string} to */
function tryLink(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** @param {string} path */
function removeIfStale(path) {
  if (!isStale(path)) return false
  // Moved away rather than deleted: of two that found it stale only one succeeds, and what it moved is looked
  // at again, since a third may have put a fresh lock there in between.
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch {
    return true
  }
  if (!isStale(aside)) tryLink(aside, path)
  rmSync(aside, { force: true })
  return true
}

/** @param {string} path */
function isStale(path) {
  try {
    if (Date.now() - statSync(path).mtimeMs > staleMs) return true
    process.kill(Number(readFileSync(path, 'utf8')), 0)
    return false
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code
