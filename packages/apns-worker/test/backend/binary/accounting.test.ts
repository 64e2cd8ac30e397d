import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Gateway, type GatewayNotification, startGateway } from '@apns-worker/simulator'
import { type Delivery, Message } from 'apns-worker'
import fc from 'fast-check'
import { type Fate, GatewayLedger, hasHappened, type Sent } from '../../support/gateway-ledger.js'
import { type GatewayPlan, gatewayPlans, payloadWith } from '../../support/gateway-plan.js'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { sorted, tokensOf } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

const RUNS = 80
/** Seconds; a run says itself when silence has lasted long enough. */
const GRACE = 3600

/** A gateway for many runs, and what it read on each connection: making certificates takes longer than a run. */
class Bench {
  readonly gateway: Gateway
  readonly peer: Pick<Gateway, 'environment' | 'clientCertificate'>
  readonly #carried: Map<number, GatewayNotification[]>

  private constructor(gateway: Gateway, carried: Map<number, GatewayNotification[]>) {
    const certificate = gateway.clientCertificate({ topics: ['com.example.app'] })
    this.gateway = gateway
    this.peer = { environment: gateway.environment, clientCertificate: () => certificate }
    this.#carried = carried
  }

  static async start(chunkBytes: number): Promise<Bench> {
    const carried = new Map<number, GatewayNotification[]>()
    const onNotification = (record: GatewayNotification): void => {
      const records = carried.get(record.connection) ?? []
      records.push(record)
      carried.set(record.connection, records)
    }
    return new Bench(await startGateway({ chunkBytes, record: 0, onNotification }), carried)
  }

  carriedOn(connection: number): readonly GatewayNotification[] {
    return this.#carried.get(connection) ?? []
  }
}

/** One manager's life against the gateway of a bench, whose connections have other numbers for each. */
class Run implements AsyncDisposable {
  readonly #plan: GatewayPlan
  readonly #bench: Bench
  readonly #sender: GatewaySender
  /** How many connections the gateway had seen before. */
  readonly #before: number
  readonly #tokens: readonly string[]
  readonly #sent: Sent[] = []
  readonly #deliveries: Delivery[] = []
  readonly #removals: readonly (() => void)[]

  constructor(plan: GatewayPlan, bench: Bench, number: number) {
    const { lists, troubles, frameFormat, maxAttempts } = plan
    const size = lists.reduce((sum, list) => sum + list.size, 0)
    this.#plan = plan
    this.#bench = bench
    this.#before = bench.gateway.counts().connections
    this.#tokens = tokensOf(size, `a${number.toString(16).padStart(7, '0')}`)
    this.#removals = troubles.flatMap((trouble, index) =>
      trouble === undefined
        ? []
        : [bench.gateway.reply({ ...trouble, connection: this.#before + index + 1 })],
    )
    const options = { frameFormat, maxAttempts, messageGrace: GRACE, retryDelay: 0.001 }
    this.#sender = new GatewaySender(bench.peer, options)
  }

  async send(): Promise<void> {
    const { lists, frameFormat } = this.#plan
    for (const { size, ambiguous, isExpired, padding, turns } of lists) {
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      const tokens = this.#tokens.slice(this.#sent.length, this.#sent.length + size)
      const options = { ambiguous, ...(isExpired ? { expiration: 1 } : {}) }
      const message = new Message(tokens, payloadWith(padding, frameFormat), options)
      this.#deliveries.push(this.#sender.apns.sendMessage(message))
      this.#sent.push(...tokens.map((token) => ({ token, ambiguous, isExpired })))
    }
  }

  /** Resolves when all is settled: what nothing was said about is, once nothing can be said about it any more. */
  async settled(): Promise<void> {
    const isDone = (): boolean => this.#deliveries.every(({ pending }) => pending === 0)
    await until(
      () => isDone() || this.#isSilent(),
      () => JSON.stringify([this.#sender.apns.stats(), this.#bench.gateway.counts(), this.#sender.warnings]),
    )
    this.#sender.passGrace()
    assert.ok(isDone())
  }

  async check(): Promise<void> {
    const { troubles, frameFormat: format, maxAttempts } = this.#plan
    const reported = await this.#reported()
    const connections = Array.from({ length: this.#sender.endedConnections + 1 }, (_, index) =>
      this.#carriedOn(index),
    )
    const ledger = new GatewayLedger(this.#sent, { format, maxAttempts, reported })
    for (const [index, carried] of connections.slice(0, -1).entries()) ledger.ended(carried, troubles[index])
    ledger.open(connections.at(-1) ?? [])
    for (const token of this.#tokens) assert.equal(reported.get(token), ledger.fates.get(token), token)

    const arrivals = connections.flat().filter(({ fate }) => fate === 'accepted')
    const first = [...new Set(arrivals.map(({ token }) => token))]
    assert.deepEqual(first, sorted(first), 'first arrivals are in the order of sending')
    for (const { token, ambiguous } of this.#sent) {
      const times = arrivals.filter((record) => record.token === token).length
      if (reported.get(token) === 'accepted') assert.ok(times >= 1, `${token} never arrived`)
      const isOnce = ambiguous === 'drop' || ledger.doubtfulEnds === 0
      if (isOnce && !ledger.disowned.has(token)) assert.ok(times <= 1, `${token} arrived ${times} times`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const remove of this.#removals) remove()
    await this.#sender[Symbol.asyncDispose]()
  }

  /** The manager's word on each token, of which there is one; each failure was handed to the error handler once. */
  async #reported(): Promise<Map<string, Fate>> {
    const lists = await Promise.all(this.#deliveries.map((delivery) => this.#sender.outcomes(delivery)))
    const outcomes = lists.flat()
    assert.deepEqual(sorted(outcomes.map(({ token }) => token)), this.#tokens, 'each has one outcome')
    const failures = outcomes.filter(({ status }) => status !== 'accepted')
    assert.deepEqual(
      sorted(this.#sender.errors.map(({ token, code, status }) => `${token} ${code} ${status}`)),
      sorted(failures.map(({ token, status, error }) => `${token} ${status} ${error?.status}`)),
      'each failure is reported once',
    )
    return new Map(
      outcomes.map(({ token, status, error }) => [
        token,
        status === 'refused' ? `refused ${error?.status}` : status,
      ]),
    )
  }

  /** All was written on the present connection, and read, and the gateway has nothing to say. */
  #isSilent(): boolean {
    const { troubles, frameFormat } = this.#plan
    const { queued, inFlight } = this.#sender.apns.stats()
    const present = this.#sender.endedConnections
    const carried = this.#carriedOn(present)
    return (
      queued === 0 && carried.length === inFlight && !hasHappened(troubles[present], carried, frameFormat)
    )
  }

  /** What the gateway read on this connection, counted from 0. */
  #carriedOn(index: number): readonly GatewayNotification[] {
    return this.#bench.carriedOn(this.#before + index + 1)
  }
}

test("the gateway's record and the manager's reports account for every notification", async (context) => {
  const seed = Date.now() & 0x7fff_ffff
  context.diagnostic(`seed ${seed}`)
  const benches = new Map<number, Bench>()
  let number = 0
  const property = fc.asyncProperty(gatewayPlans, async (each) => {
    const bench = benches.get(each.chunkBytes) ?? (await Bench.start(each.chunkBytes))
    benches.set(each.chunkBytes, bench)
    await using run = new Run(each, bench, ++number)
    await run.send()
    await run.settled()
    await run.check()
  })
  try {
    // What hangs is not made smaller for ever.
    await fc.assert(property, { seed, numRuns: RUNS, interruptAfterTimeLimit: 60_000 })
  } finally {
    await Promise.all(Array.from(benches.values(), ({ gateway }) => gateway.close()))
  }
})
