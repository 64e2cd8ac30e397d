import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashBooks } from './support/crash-books.js'
import { CLAIMED_AT_ONCE, randomFrom } from './support/crash-plan.js'
import { runToEnd, runUntilKilled } from './support/crash-process.js'
import type { CrashStore } from './support/crash-store.js'

/** More of both for a long night: `OUTBOX_CRASH_ROUNDS=500 OUTBOX_CRASH_SEED=7`. */
const ROUNDS = Number(process.env['OUTBOX_CRASH_ROUNDS'] ?? 12)
const SEED = Number(process.env['OUTBOX_CRASH_SEED'] ?? Date.now() % 100_000)
/** From its first word on; in every sixth round from its start, when it opens the store, or has yet to. */
const KILLED_WITHIN_MS = 150
const EARLY_ROUND = 6
const LEASE_MS = 60_000
/** A claim ends with the batch that reaches its size, and batches here have 40 tokens at most. */
const MAX_IN_FLIGHT = CLAIMED_AT_ONCE + 40

/**
 * What remains when those who use a store are killed.
 *
 * @param withStore gives a new one for each test
 * @param skip why they cannot be tried here
 */
export function outboxCrashes(
  name: string,
  withStore: (work: (store: CrashStore) => Promise<void>) => Promise<void>,
  skip: string | false = false,
): void {
  test(`${name}: killed ${ROUNDS} times, it loses nothing, and repeats only what was in flight`, {
    skip,
  }, async (context) => {
    context.diagnostic(`seed ${SEED}`)
    const random = randomFrom(SEED)
    await withStore(async (store) => {
      const books = new CrashBooks()
      let nowMs = 1_800_000_000_000
      const plan = { ...store.place, owner: 'worker', leaseMs: LEASE_MS, appends: true }
      for (let round = 0; round < ROUNDS; round++) {
        // In turns: a restart in no time, which takes its leases over, and one after the leases are over.
        const takesOver = round % 2 === 0
        nowMs += takesOver ? 1000 : LEASE_MS + 1000
        const killed = { ...plan, round, nowMs, seed: SEED + round, takesOver }
        const reports = await runUntilKilled(
          killed,
          random() * KILLED_WITHIN_MS,
          round % EARLY_ROUND === EARLY_ROUND - 1,
        )
        for (const report of reports) books.enter(report)
        assert.ok(books.inFlight <= (round + 1) * MAX_IN_FLIGHT)
        if (reports.length > 0) await books.auditDeadTokens(store)
      }
      const inFlight = books.inFlight
      nowMs += LEASE_MS + 1000
      const last = { ...plan, round: ROUNDS, nowMs, seed: SEED, takesOver: false, appends: false }
      for (const report of await runToEnd(last)) books.enter(report)
      await books.audit(store, nowMs + 1000)
      context.diagnostic(
        `${books.appended.size} messages, ${books.sent} sent, ${books.repeats} of them again, ${inFlight} at the last end, ${books.suppressed} suppressed`,
      )
      assert.ok(books.appended.size > 0 && books.sent > 0)
      assert.ok(books.suppressed > 0)
      assert.ok(books.repeats <= ROUNDS * MAX_IN_FLIGHT)
    })
  })

  test(`${name}: processes that share a store hand no batch out twice, whichever of them is killed`, {
    skip,
  }, async (context) => {
    context.diagnostic(`seed ${SEED}`)
    const random = randomFrom(SEED + 1)
    await withStore(async (store) => {
      const books = new CrashBooks()
      let nowMs = 1_800_000_000_000
      for (let round = 0; round < 4; round++) {
        const runs = ['left', 'right'].map((owner, index) => {
          const life = 2 * round + index
          const plan = { ...store.place, owner, round: life, nowMs, seed: SEED + life, leaseMs: LEASE_MS }
          return runUntilKilled(
            { ...plan, takesOver: true, appends: true },
            random() * KILLED_WITHIN_MS,
            false,
          )
        })
        const ended = await Promise.all(runs)
        // Each says things in their order; what two say has none. What was sent by one is settled by that one alone.
        for (const reports of ended) for (const report of reports) books.enter(report)
        nowMs += 1000
      }
      assert.ok(books.repeats <= 8 * MAX_IN_FLIGHT)
      nowMs += LEASE_MS + 1000
      const last = { ...store.place, leaseMs: LEASE_MS, nowMs, seed: SEED, takesOver: false, appends: false }
      const drains = ['left', 'right'].map((owner, index) => runToEnd({ ...last, owner, round: 100 + index }))
      for (const reports of await Promise.all(drains)) for (const report of reports) books.enter(report)
      await books.audit(store, nowMs + 1000)
      context.diagnostic(
        `${books.appended.size} messages, ${books.sent} sent, ${books.repeats} of them again`,
      )
    })
  })
}
