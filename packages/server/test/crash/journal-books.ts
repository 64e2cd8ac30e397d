import assert from 'node:assert/strict'
import type { Journal } from '@apns-worker/simulator'

/** One in so many is dead. */
const DEAD_EVERY = 20

export const indexOf = (token: string): number => Number.parseInt(token.slice(-8), 16)
export const isDead = (token: string): boolean => indexOf(token) % DEAD_EVERY === 0

/**
 * Holds Apple's journal against what was to be sent: each token has an answer, always under the apns-id that is its own, and
 * nothing was sent twice over one connection, as only a new process repeats anything.
 *
 * @param idOf the id of the token with that index
 * @returns how many requests were sent again
 */
export function auditJournal(
  journal: Journal | undefined,
  tokens: number,
  idOf: (index: number) => string,
): number {
  const received = journal?.notifications ?? []
  const answered = new Set<string>()
  const times = new Map<string, number>()
  const perConnection = new Map<string, Set<number>>()
  for (const { token, apnsId, fate, connection } of received) {
    const index = indexOf(token)
    assert.equal(apnsId, idOf(index), `the apns-id of token ${index}`)
    times.set(token, (times.get(token) ?? 0) + 1)
    if (fate === 'answered') answered.add(token)
    const connections = perConnection.get(token) ?? new Set()
    perConnection.set(token, connections.add(connection))
  }
  assert.equal(answered.size, tokens, 'every token has an answer')
  for (const [token, connections] of perConnection) {
    assert.equal(connections.size, times.get(token), 'only a new process repeats anything')
  }
  return received.length - times.size
}

/** What the API's report of a message says when all of these were sent to. */
export function assertCounts(
  report: { readonly counts: Readonly<Record<string, number>>; readonly reasons: object },
  list: readonly string[],
): void {
  const { counts, reasons } = report
  const dead = list.filter(isDead).length
  const { total, accepted, refused, pending } = counts
  assert.deepEqual([total, accepted, refused, pending], [list.length, list.length - dead, dead, 0])
  assert.deepEqual(reasons, { Unregistered: dead })
}
