import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeContent, type OutboxCall, type WorkerObserver } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { connect } from '#src/outbox/embedded/database.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, content, Rig } from './rig.js'

/** Adds up what it hears. */
class Books implements WorkerObserver {
  claimedTokens = 0
  suppressed = 0
  answers = 0
  accepted = 0
  readonly others: Record<string, number> = {}
  readonly ends: string[] = []
  readonly failures: OutboxCall[] = []

  claimed: WorkerObserver['claimed'] = (batches, suppressed) => {
    for (const { pending } of batches) this.claimedTokens += pending.length
    for (const count of Object.values(suppressed)) this.suppressed += count
  }
  answered: WorkerObserver['answered'] = (_batch, tokens) => {
    this.answers += tokens
  }
  recorded: WorkerObserver['recorded'] = (_batch, { accepted = [], others = [] }) => {
    this.accepted += accepted.length
    for (const { status, reason } of others) {
      const name = `${status} ${reason}`
      this.others[name] = (this.others[name] ?? 0) + 1
    }
  }
  ended: WorkerObserver['ended'] = (_batch, how, isInDoubt) => {
    this.ends.push(how === 'given back' && isInDoubt ? 'given back in doubt' : how)
  }
  failed: WorkerObserver['failed'] = (call) => {
    this.failures.push(call)
  }
}

function on(work: (rig: Rig, books: Books, simulator: Simulator, path: string) => Promise<void>) {
  return (): Promise<void> =>
    withFolder(async (path) => {
      await using simulator = await startSimulator()
      const books = new Books()
      await using rig = await Rig.start(path, simulator, undefined, books)
      await work(rig, books, simulator, path)
    })
}

test(
  'an observer hears of every token once, and of those that were left out',
  on(async (rig, books, simulator) => {
    const tokens = tokensOf(2500)
    simulator.reply({ token: tokens.slice(0, 3), unregistered: true })
    simulator.reply({ token: tokens[5] ?? '', badDeviceToken: true })
    for (let round = 0; round < 2; round++) {
      const { messageId } = await rig.outbox.append({ app: APP, content }, tokens)
      rig.worker.wake()
      await rig.finished(messageId)
    }
    const large = encodeContent({ payload: { aps: { alert: 'x'.repeat(5000) } } })
    const { messageId } = await rig.outbox.append({ app: APP, content: large }, ['ab'.repeat(32)])
    rig.worker.wake()
    await rig.finished(messageId)
    await rig.worker.stop()
    assert.deepEqual(
      [books.claimedTokens, books.answers, books.accepted, books.suppressed],
      [4998, 4997, 4992, 3],
    )
    assert.deepEqual(books.others, {
      'refused Unregistered': 3,
      'refused BadDeviceToken': 2,
      'refused PAYLOAD_TOO_LARGE': 1,
    })
    assert.deepEqual([books.ends, books.failures], [new Array(7).fill('settled'), []])
  }),
)

test(
  'it hears what was given back, and in doubt or not',
  on(async (rig, books, simulator) => {
    simulator.reply({ silent: true })
    await rig.outbox.append({ app: APP, content }, tokensOf(1500))
    rig.worker.wake()
    await simulator.waitFor(1)
    await rig.worker.stop(0)
    assert.deepEqual(books.ends.sort(), ['given back', 'given back in doubt'])
    assert.deepEqual([books.answers, books.accepted], [0, 0])
  }),
)

test(
  'it hears which call of the outbox failed, and counts what is written in the end once',
  on(async (rig, books, simulator, path) => {
    simulator.reply({ delay: 0.02 })
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(500))
    rig.worker.wake()
    await simulator.waitFor(1)
    const other = connect(path)
    other.exec('BEGIN IMMEDIATE')
    while (!books.failures.includes('record')) await new Promise((resolve) => setImmediate(resolve))
    other.exec('ROLLBACK')
    other.close()
    await rig.finished(messageId)
    await rig.worker.stop()
    assert.deepEqual([books.answers, books.accepted, books.ends], [500, 500, ['settled']])
  }),
)
