import { performance } from 'node:perf_hooks'

/**
 * Calls `arrive` at evenly spaced times, whatever became of those before: an open loop, as the world's events are. Timers
 * tick in milliseconds; an arrival that a tick finds overdue is not left out, and how late it was is told.
 *
 * @param {number} perSecond
 * @param {number} count
 * @param {(index: number, lateMs: number) => void} arrive
 * @returns {Promise<void>} resolves after the last call
 */
export function arrivals(perSecond, count, arrive) {
  const startedAt = performance.now()
  const dueMs = /** @param {number} index */ (index) => startedAt + (index * 1000) / perSecond
  let next = 0
  return new Promise((resolve) => {
    const tick = () => {
      for (; next < count; next += 1) {
        const lateMs = performance.now() - dueMs(next)
        if (lateMs < 0) break
        arrive(next, lateMs)
      }
      if (next === count) resolve()
      else setTimeout(tick, dueMs(next) - performance.now())
    }
    tick()
  })
}
