import assert from 'node:assert/strict'
import type { Outbox } from '@apns-worker/server'
import type { CrashReport } from './crash-plan.js'
import type { CrashStore } from './crash-store.js'

/** What children said they did, held against what the store says. */
export class CrashBooks {
  readonly appended = new Map<string, readonly string[]>()
  readonly #tokenOf = new Map<string, string>()
  readonly #idOf = new Map<string, string>()
  readonly #settled = new Set<string>()
  readonly #refused = new Set<string>()
  readonly #claims = new Set<string>()
  /** Sent, and without an outcome that anybody was told of. */
  readonly #inFlight = new Set<string>()
  #sent = 0
  #repeats = 0
  #suppressed = 0

  get repeats(): number {
    return this.#repeats
  }

  get sent(): number {
    return this.#sent
  }

  /** As the last audit has counted them. */
  get suppressed(): number {
    return this.#suppressed
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  enter(report: CrashReport): void {
    if (report.did === 'append') this.appended.set(report.id, report.tokens)
    else if (report.did === 'claim') this.#enterClaim(report)
    else if (report.did === 'send') for (const [id, token] of report.sent) this.#enterSent(id, token)
    else this.#enterOutcomes(report)
  }

  /** No batch is handed out twice under one fence. */
  #enterClaim({ batch, fence }: CrashReport & { did: 'claim' }): void {
    const claim = `${batch}/${fence}`
    assert.ok(!this.#claims.has(claim), `batch ${batch} was claimed twice with fence ${fence}`)
    this.#claims.add(claim)
  }

  #enterSent(id: string, token: string): void {
    assert.ok(!this.#settled.has(id), `${id} was sent again after its outcome had been recorded`)
    assert.equal(this.#tokenOf.get(id) ?? token, token, `${id} went to two tokens`)
    assert.equal(this.#idOf.get(token) ?? id, id, `${token} was sent with two ids`)
    this.#tokenOf.set(id, token)
    this.#idOf.set(token, id)
    this.#sent++
    if (this.#inFlight.has(id)) this.#repeats++
    this.#inFlight.add(id)
  }

  #enterOutcomes({ accepted, refused }: CrashReport & { did: 'record' }): void {
    for (const id of [...accepted, ...refused]) {
      this.#settled.add(id)
      this.#inFlight.delete(id)
    }
    for (const id of refused) this.#refused.add(id)
  }

  /** Whether what the store says of dead tokens is the same in each place, whenever its process was killed. */
  async auditDeadTokens(store: CrashStore): Promise<void> {
    const places = {
      refusals: 'SELECT DISTINCT m.app_id, o.token FROM outcomes o JOIN messages m ON m.id = o.message_id',
      log: 'SELECT app_id, token FROM feedback',
      list: 'SELECT app_id, token FROM suppressed',
    }
    const read = async (sql: string): Promise<string[]> =>
      (await store.read(sql))
        // As the tables have it.
        .map((row) => `${String(row['app_id'])}/${Buffer.from(row['token'] as Uint8Array).toString('hex')}`)
        .toSorted()
    const refusals = await read(places.refusals)
    assert.deepEqual(await read(places.log), refusals, 'the log and the refusals')
    assert.deepEqual(await read(places.list), refusals, 'the list and the refusals')
    const counted =
      'SELECT (SELECT sum(refused) FROM messages) AS counts, (SELECT count(*) FROM outcomes) AS kept'
    const [sums] = await store.read(counted)
    assert.equal(Number(sums?.['counts'] ?? 0), Number(sums?.['kept']), 'the counts and the refusals')
    const [positions] = await store.read('SELECT max(position) AS last, count(*) AS count FROM feedback')
    assert.equal(Number(positions?.['last'] ?? 0), Number(positions?.['count']), 'the log has no gaps')
  }

  /** Holds the books against the store, from which everything has been sent. */
  async audit(store: CrashStore, nowMs: number): Promise<void> {
    await this.auditDeadTokens(store)
    await store.assertThrough()
    const outbox = await store.open(nowMs)
    try {
      await this.#auditMessages(outbox)
      await this.#auditRefusals(outbox)
      const { pending, leasedBatches } = await outbox.stats()
      assert.deepEqual([pending, leasedBatches], [0, 0])
    } finally {
      await outbox.close()
    }
  }

  async #auditMessages(outbox: Outbox): Promise<void> {
    for (const [id, tokens] of this.appended) {
      const { state, total, counts } = await outbox.message(id)
      assert.deepEqual([state, total], ['done', tokens.length], `message ${id}`)
      const again = tokens.filter((token) => !isOf(id, this.#idOf.get(token)))
      this.#suppressed += again.length
      assert.equal(counts.suppressed, again.length, `message ${id}`)
      assert.equal(counts.accepted + counts.refused + counts.suppressed, total, `message ${id}`)
      for (const token of tokens) assert.ok(this.#idOf.has(token), `token ${token} was never sent`)
    }
    assert.deepEqual(await outbox.messages({ isUnfinished: true }), [])
  }

  async #auditRefusals(outbox: Outbox): Promise<void> {
    const rows = new Map<string, string>()
    for (let after = 0; ; ) {
      const { outcomes, next } = await outbox.outcomes({ after })
      if (outcomes.length === 0) break
      for (const { apnsId, token } of outcomes) {
        assert.ok(!rows.has(apnsId), `${apnsId} was refused twice`)
        rows.set(apnsId, token)
      }
      after = next
    }
    for (const id of this.#refused) assert.equal(rows.get(id), this.#tokenOf.get(id), `the refusal of ${id}`)
    for (const [id, token] of rows) assert.equal(this.#tokenOf.get(id), token, `the refusal of ${id}`)
  }
}

/** Whether the id is that of one of the message's tokens. */
function isOf(messageId: string, apnsId: string | undefined): boolean {
  return apnsId?.slice(0, -8) === messageId.slice(0, -8)
}
