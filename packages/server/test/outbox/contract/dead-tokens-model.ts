import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClaimedBatch, Outbox, TokenEntry, TokenOutcome } from '@apns-worker/server'
import { randomFrom } from '../support/crash-plan.js'
import { DeadTokenModel } from '../support/dead-token-model.js'
import { type Bench, type MakePlace, on } from '../support/place.js'

/** Another one: `OUTBOX_MODEL_SEED=7`. */
const SEED = Number(process.env['OUTBOX_MODEL_SEED'] ?? Date.now() % 100_000)
const STEPS = 250
const APPS = ['news', 'weather'] as const
const TOKENS = Array.from({ length: 9 }, (_, index) => (index % 3 === 0 ? 'ab' : 'cdef01').repeat(index + 1))
/** Small, so that moments meet. */
const MOMENTS = 6

export function deadTokensModel(make: MakePlace): void {
  test('whatever is done, by two workers in turn, log, list and counts are those of a plain model', async (context) => {
    context.diagnostic(`seed ${SEED}`)
    await on(make, async (bench) => {
      const walk = new Walk(bench, [bench.outbox, await bench.another()])
      for (let step = 0; step < STEPS; step++) {
        await walk.step()
        await walk.compare(`seed ${SEED}, step ${step}`)
      }
    })()
  })
}

class Walk {
  readonly #clock: Bench['clock']
  readonly #outboxes: readonly Outbox[]
  readonly #model = new DeadTokenModel()
  readonly #random = randomFrom(SEED)
  readonly #leased = new Map<string, ClaimedBatch>()

  constructor({ clock }: Bench, outboxes: readonly Outbox[]) {
    this.#clock = clock
    this.#outboxes = outboxes
  }

  async step(): Promise<void> {
    this.#clock.nowMs += this.#below(3)
    const outbox = this.#of(this.#outboxes)
    const steps = [
      () => this.#append(outbox),
      () => this.#append(outbox),
      () => this.#claim(outbox),
      () => this.#claim(outbox),
      () => this.#record(outbox),
      () => this.#record(outbox),
      () => this.#release(outbox),
      () => this.#register(outbox),
      () => this.#forget(outbox),
    ]
    await this.#of(steps)()
  }

  async compare(where: string): Promise<void> {
    const outbox = this.#of(this.#outboxes)
    const { items } = await outbox.feedback()
    const seen = items.map(({ position, app, token, timestampMs, recordedAtMs }) => {
      return { position, app, token, timestampMs, recordedAtMs }
    })
    assert.deepEqual(seen, this.#model.log, where)
    for (const app of APPS) {
      const ofApp = await outbox.feedback({ apps: [app] })
      assert.deepEqual(
        ofApp.items.map(({ position }) => position),
        this.#model.log.filter((entry) => entry.app === app).map(({ position }) => position),
        where,
      )
      const page = await outbox.suppressions({ app })
      assert.deepEqual(
        page.items.map(({ token }) => token).toSorted(),
        this.#model.suppressed(app).toSorted(),
        where,
      )
    }
    for (const [id, { outcomes }] of this.#model.messages) {
      const { counts, pending } = await outbox.message(id)
      const count = (status: string | undefined): number => outcomes.filter((each) => each === status).length
      assert.deepEqual(
        [counts.refused, counts.suppressed, counts.unknown, counts.accepted, pending],
        [count('refused'), count('suppressed'), count('unknown'), count('accepted'), count(undefined)],
        where,
      )
      // What is done need not be asked for again.
      if (pending === 0) this.#model.messages.delete(id)
    }
  }

  async #append(outbox: Outbox): Promise<void> {
    const app = this.#of(APPS)
    const suppression = this.#below(5) === 0 ? 'ignore' : 'apply'
    const registeredAtMs = this.#below(6) === 0 ? this.#below(MOMENTS) : undefined
    const tokens = Array.from({ length: 1 + this.#below(6) }, (): TokenEntry => {
      const token = this.#of(TOKENS)
      return this.#below(8) === 0 ? { token, registeredAtMs: 1 + this.#below(MOMENTS) } : token
    })
    const message = { app, content: '', suppression, registeredAtMs } as const
    if (this.#below(2) === 0) {
      this.#model.append((await outbox.append(message, tokens)).messageId, message, tokens)
      return
    }
    const { messageId } = await outbox.open(message)
    await this.#of(this.#outboxes).addTokens(messageId, tokens)
    await outbox.send(messageId)
    this.#model.append(messageId, message, tokens)
  }

  async #claim(outbox: Outbox): Promise<void> {
    const { batches } = await outbox.claim({ owner: 'w', leaseMs: 1_000_000, maxTokens: 1_000_000 })
    const expected = this.#model.claim()
    const claimed = batches.map(({ message, pending }) => [message.id, [...pending]] as const)
    assert.deepEqual(new Map(claimed), expected, `seed ${SEED}`)
    for (const batch of batches) this.#leased.set(batch.message.id, batch)
  }

  /** Of a batch's tokens, some more than once, and some that have an outcome. */
  async #record(outbox: Outbox): Promise<void> {
    const batch = this.#of([...this.#leased.values()])
    if (batch === undefined) return
    const { id } = batch.message
    const others: TokenOutcome[] = []
    const accepted: number[] = []
    for (const index of Array.from({ length: 1 + this.#below(4) }, () => this.#below(batch.tokens.count))) {
      const timestampMs = this.#below(4) === 0 ? undefined : this.#below(MOMENTS)
      if (this.#below(4) === 0) accepted.push(index)
      else others.push({ index, status: 'refused', reason: 'Unregistered', timestampMs, isDead: true })
    }
    const [state] = await outbox.record([{ ...batch, accepted, others }])
    for (const { index, timestampMs } of others) this.#model.bury(id, index, timestampMs, this.#clock.nowMs)
    const outcomes = this.#model.messages.get(id)?.outcomes ?? []
    for (const index of accepted) outcomes[index] ??= 'accepted'
    assert.equal(state, outcomes.includes(undefined) ? 'held' : 'settled', `seed ${SEED}`)
    if (state === 'settled') this.#leased.delete(id)
  }

  async #release(outbox: Outbox): Promise<void> {
    const batch = this.#of([...this.#leased.values()])
    const message = batch === undefined ? undefined : this.#model.messages.get(batch.message.id)
    if (batch === undefined || message === undefined) return
    const isInDoubt = this.#below(2) === 0
    await outbox.release([{ ...batch, isInDoubt }])
    message.isLeased = false
    message.isInDoubt ||= isInDoubt
    this.#leased.delete(batch.message.id)
  }

  async #register(outbox: Outbox): Promise<void> {
    const app = this.#of(APPS)
    const tokens = [this.#of(TOKENS), this.#of(TOKENS)]
    const registeredAtMs = this.#below(2) === 0 ? undefined : this.#below(MOMENTS)
    const count = await outbox.register(app, tokens, registeredAtMs)
    assert.equal(count, this.#model.register(app, tokens, registeredAtMs), `seed ${SEED}`)
  }

  async #forget(outbox: Outbox): Promise<void> {
    const feedbackMs = this.#below(60)
    await outbox.cleanUp({ finishedMs: 1_000_000, idempotencyMs: 0, feedbackMs })
    this.#model.forget(this.#clock.nowMs - feedbackMs)
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end)
  }

  /** One of them; undefined only where there are none. */
  #of<Each>(all: readonly Each[]): Each {
    return all[this.#below(all.length)] as Each
  }
}
