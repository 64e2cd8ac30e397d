import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerSlot } from '#src/operations/worker-slot.js'

class FakeWorker {
  readonly log: string[] = []
  readonly window = { tokens: 100, inHand: 7 }
  wake(): void {
    this.log.push('wake')
  }
  heed(): void {
    this.log.push('heed')
  }
  giveBackOf(lane: string): void {
    this.log.push(`give back ${lane}`)
  }
  stop(timeoutMs = -1): Promise<{ batches: number; inDoubt: number }> {
    this.log.push(`stop ${timeoutMs}`)
    return Promise.resolve({ batches: 2, inDoubt: 1 })
  }
}

test('a worker starts when it is told, once, and again where that failed', async () => {
  const worker = new FakeWorker()
  let starts = 0
  const slot = new WorkerSlot(() => {
    starts++
    return starts === 1 ? Promise.reject(new Error('away')) : Promise.resolve(worker)
  })
  slot.wake()
  slot.giveBackOf('news')
  assert.equal(slot.window, undefined)
  await assert.rejects(slot.start(), /away/)
  assert.equal(slot.isRunning, false)
  await Promise.all([slot.start(), slot.start()])
  await slot.start()
  assert.deepEqual([starts, slot.isRunning], [2, true])
  slot.wake()
  slot.heed()
  slot.giveBackOf('news')
  assert.deepEqual(slot.window, { tokens: 100, inHand: 7 })
  assert.deepEqual(await slot.stop(7), { batches: 2, inDoubt: 1 })
  assert.equal(slot.isRunning, false)
  assert.deepEqual(worker.log, ['wake', 'heed', 'give back news', 'stop 7'])
})

test('one that is told to stop while it starts, or before, does not run', async () => {
  const worker = new FakeWorker()
  let begin: (each: FakeWorker) => void = () => {}
  const slot = new WorkerSlot(
    () =>
      new Promise((resolve) => {
        begin = resolve
      }),
  )
  const started = slot.start()
  assert.deepEqual(await slot.stop(5), { batches: 0, inDoubt: 0 })
  begin(worker)
  await started
  assert.deepEqual([slot.isRunning, worker.log], [false, ['stop 0']])
  const never = new WorkerSlot(() => assert.fail('it is stopped'))
  await never.stop(0)
  await never.start()
})

test('where others send there is none', async () => {
  const slot = new WorkerSlot(undefined)
  await slot.start()
  slot.wake()
  slot.heed()
  assert.deepEqual([slot.isRunning, await slot.stop(5)], [false, { batches: 0, inDoubt: 0 }])
})
