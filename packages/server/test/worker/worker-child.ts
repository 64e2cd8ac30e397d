/** A worker in a process of its own, to be killed. It says when it has started, and when the message is finished. */
import { writeSync } from 'node:fs'
import { ApnsManager, type ApnsManagerOptions } from 'apns-worker'
// Not the whole server: it takes half a second to load, and this is started again and again.
import { openEmbeddedOutbox } from '#src/outbox/embedded/embedded-outbox.js'
import { OutboxWorker } from '#src/worker/outbox-worker.js'

export interface WorkerPlan {
  readonly path: string
  readonly app: string
  readonly messageId: string
  readonly options: ApnsManagerOptions
}

// The test wrote it.
const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan
const outbox = await openEmbeddedOutbox({ path: plan.path })
const manager = new ApnsManager(plan.options)
const onError = (error: unknown): void => console.error(error)
const managers = new Map([[plan.app, manager]])
const worker = await OutboxWorker.start({ outbox, owner: 'worker', managers, windowTokens: 3000, onError })
writeSync(1, 'started\n')
while ((await outbox.message(plan.messageId)).finishedAtMs === undefined) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
await worker.stop()
await manager.close()
await outbox.close()
