import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClaimedBatch, type Outbox, openPostgresOutbox, type Scope } from '@apns-worker/server'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { randomFrom } from '../support/crash-plan.js'
import { tokensOf } from '../support/tokens.js'

/** Another one: `OUTBOX_AT_ONCE_SEED=7`. What happens depends on the database's order too, which no seed can fix. */
const SEED = Number(process.env['OUTBOX_AT_ONCE_SEED'] ?? Date.now() % 100_000)
const STEPS = Number(process.env['OUTBOX_AT_ONCE_STEPS'] ?? 120)
const PROCESSES = 4
const APPS = ['news', 'weather', 'shop'] as const
const LEASE_MS = 1000
const START_MS = 1_800_000_000_000

test('whatever many processes do at once, each token is settled once, and nothing is left behind', {
  skip: POSTGRES_MISSING,
}, async (context) => {
  context.diagnostic(`seed ${SEED}`)
  await using server = await PostgresServer.start()
  const url = server.url(await server.createDatabase())
  const books = new Books()
  const processes = await Promise.all(
    Array.from(
      { length: PROCESSES },
      async (_, index) =>
        new Process(
          await openPostgresOutbox({ url, now: () => books.nowMs, maxConnections: 3 }),
          `w${index}`,
          randomFrom(SEED + index),
          books,
        ),
    ),
  )
  const [first] = processes
  assert.ok(first)
  try {
    await Promise.all(processes.map((each) => each.walk()))
    await first.drain()
    await books.check(first.outbox)
  } finally {
    for (const { outbox } of processes) await outbox.close()
  }
})

/** What was done, as those who did it were told. */
class Books {
  nowMs = START_MS
  /** Every message that was not purged. */
  readonly messages = new Set<string>()
  /** Tokens whose outcome was taken, as message and index. */
  readonly #accepted = new Set<string>()
  /** Who has a batch, by its latest fence. */
  readonly #fences = new Map<number, number>()

  claimed({ batchId, fence }: ClaimedBatch): void {
    assert.ok(
      fence > (this.#fences.get(batchId) ?? 0),
      'a batch was handed out with a fence that is not higher',
    )
    this.#fences.set(batchId, fence)
  }

  accept({ message, firstIndex }: ClaimedBatch, indices: readonly number[]): void {
    for (const index of indices) {
      const token = `${message.id} ${firstIndex + index}`
      assert.ok(!this.#accepted.has(token), `${token} was settled twice`)
      this.#accepted.add(token)
    }
  }

  async check(outbox: Outbox): Promise<void> {
    const accepted = new Map<string, number>()
    for (const token of this.#accepted) {
      const [id = ''] = token.split(' ')
      accepted.set(id, (accepted.get(id) ?? 0) + 1)
    }
    for (const id of this.messages) {
      const { state, pending, counts, total, finishedAtMs } = await outbox.message(id)
      assert.ok(
        state === 'done' || state === 'cancelled',
        `${id} is ${state}, with ${pending} of ${total} pending`,
      )
      assert.equal(pending, 0)
      assert.notEqual(finishedAtMs, undefined)
      assert.equal(counts.accepted, accepted.get(id) ?? 0, `${id}: accepted`)
      assert.equal(counts.accepted + counts.cancelled + counts.unknown + counts.expired, total, id)
    }
    const stats = await outbox.stats()
    assert.deepEqual([stats.pending, stats.leasedBatches], [0, 0])
    for (const { app, pending, oldestAtMs } of stats.apps)
      assert.deepEqual([pending, oldestAtMs], [0, undefined], app)
  }
}

/** One process, which does one thing after the other while the others do. */
class Process {
  readonly outbox: Outbox
  readonly #owner: string
  readonly #random: () => number
  readonly #books: Books
  readonly #inHand: ClaimedBatch[] = []

  constructor(outbox: Outbox, owner: string, random: () => number, books: Books) {
    this.outbox = outbox
    this.#owner = owner
    this.#random = random
    this.#books = books
  }

  async walk(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#books.nowMs += this.#below(60)
      await this.#step(this.#random())
    }
  }

  /** Ends all pauses, and sends until nothing is left. */
  async drain(): Promise<void> {
    await this.outbox.resume('everything')
    for (const app of APPS) await this.outbox.resume({ app })
    for (const messageId of this.#books.messages) {
      await this.outbox.resume({ messageId })
      if ((await this.outbox.message(messageId)).state === 'open') await this.outbox.send(messageId)
    }
    for (;;) {
      this.#books.nowMs += 2 * LEASE_MS
      await this.outbox.cleanUp({ finishedMs: Number.MAX_SAFE_INTEGER - 2 * START_MS, idempotencyMs: 1 })
      const { batches, nextAtMs } = await this.#claim(100_000)
      for (const batch of batches) await this.#accept(batch, batch.pending)
      if (batches.length === 0 && nextAtMs === undefined) return
    }
  }

  #step(which: number): Promise<unknown> {
    if (which < 0.15) return this.#append()
    if (which < 0.2) return this.#stream()
    if (which < 0.45) return this.#claim(1 + this.#below(4000))
    if (which < 0.75) return this.#record()
    if (which < 0.8) return this.#release()
    if (which < 0.84) return this.outbox.renew(this.#inHand, LEASE_MS)
    if (which < 0.9) return this.#ofScope((scope) => this.outbox.pause(scope))
    if (which < 0.96) return this.#ofScope((scope) => this.outbox.resume(scope))
    if (which < 0.975) return this.#ofMessage((messageId) => this.outbox.cancel({ messageId }))
    if (which < 0.985) return this.#ofMessage((messageId) => this.#purge(messageId))
    if (which < 0.99) return this.outbox.takeOver(this.#owner)
    return this.outbox.cleanUp({ finishedMs: Number.MAX_SAFE_INTEGER - 2 * START_MS, idempotencyMs: 1 })
  }

  async #append(): Promise<void> {
    const app = this.#of(APPS)
    const giveUpAfterMs = this.#below(5) === 0 ? this.#books.nowMs + this.#below(3000) + 1 : undefined
    const ambiguous = this.#below(4) === 0 ? 'drop' : 'resend'
    const message = { app, content: '{}', priority: this.#below(3), giveUpAfterMs, ambiguous } as const
    const tokens = tokensOf(this.#below(2) === 0 ? this.#below(4) : this.#below(2500))
    this.#books.messages.add((await this.outbox.append(message, tokens)).messageId)
  }

  async #stream(): Promise<void> {
    const { messageId } = await this.outbox.open({ app: this.#of(APPS), content: '{}' })
    this.#books.messages.add(messageId)
    try {
      await this.outbox.addTokens(messageId, tokensOf(this.#below(3000)))
      await this.outbox.send(messageId)
    } catch (error) {
      // Another process has cancelled or purged it.
      assert.match(String((error as { code?: unknown }).code), /^(NOT_OPEN|NOT_FOUND)$/)
    }
  }

  async #claim(maxTokens: number): ReturnType<Outbox['claim']> {
    const claim = await this.outbox.claim({ owner: this.#owner, leaseMs: LEASE_MS, maxTokens })
    for (const batch of claim.batches) this.#books.claimed(batch)
    this.#inHand.push(...claim.batches)
    return claim
  }

  async #record(): Promise<void> {
    const batch = this.#take()
    if (batch === undefined) return
    const some = batch.pending.filter(() => this.#random() < 0.7)
    const state = await this.#accept(batch, some)
    if (state === 'held' && this.#below(2) === 0) {
      const rest = batch.pending.filter((index) => !some.includes(index))
      await this.#accept(batch, rest)
    }
  }

  async #accept(batch: ClaimedBatch, indices: readonly number[]): Promise<string> {
    const [state = 'lost'] = await this.outbox.record([{ ...batch, accepted: indices }])
    if (state !== 'lost') this.#books.accept(batch, indices)
    return state
  }

  async #release(): Promise<void> {
    const batch = this.#take()
    if (batch !== undefined) await this.outbox.release([{ ...batch, isInDoubt: this.#below(2) === 0 }])
  }

  async #purge(messageId: string): Promise<void> {
    this.#books.messages.delete(messageId)
    await this.outbox.purge({ messageId })
  }

  #ofScope(work: (scope: Scope) => Promise<void>): Promise<void> {
    const which = this.#below(10)
    if (which === 0) return work('everything')
    if (which < 3) return work({ app: this.#of(APPS) })
    return this.#ofMessage((messageId) => work({ messageId }))
  }

  async #ofMessage(work: (messageId: string) => Promise<void>): Promise<void> {
    const all = [...this.#books.messages]
    if (all.length === 0) return
    await work(this.#of(all)).catch((error: unknown) => {
      assert.equal((error as { code?: unknown }).code, 'NOT_FOUND', String(error))
    })
  }

  #take(): ClaimedBatch | undefined {
    return this.#inHand.splice(this.#below(this.#inHand.length), 1)[0]
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end)
  }

  /** One of them; undefined only where there are none. */
  #of<Each>(all: readonly Each[]): Each {
    return all[this.#below(all.length)] as Each
  }
}
