import assert from 'node:assert/strict'
import { afterEach, beforeEach } from 'node:test'
import { until } from './within.js'

/** How long what was closed may take to be gone, of the time that the process runs. */
const GRACE_SECONDS = 1.5

/**
 * Fails every test around it that leaves something which keeps the process alive: a socket, a server, a child, a timer.
 * Called once in a file, at its top.
 */
export function failOnLeaks(): void {
  let before = new Map<string, number>()
  beforeEach(() => {
    before = resources()
  })
  afterEach(async () => {
    const leaks = (): string[] =>
      [...resources()].flatMap(([kind, count]) => {
        const more = count - (before.get(kind) ?? 0)
        return more > 0 ? [`${more} ${kind}`] : []
      })
    await until(
      () => leaks().length === 0,
      () => '',
      GRACE_SECONDS,
    ).catch(() => {})
    assert.deepEqual(leaks(), [], 'left behind by the test')
  })
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}
