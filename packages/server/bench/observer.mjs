// What watching costs: `node packages/server/bench/observer.mjs`, after `npm run build`. The hooks that the worker calls are called
// as it calls them, for batches of a thousand whose answers come in groups; the figure is CPU of this process a notification.
import { startTelemetry } from '../dist/index.js'

const BATCH_TOKENS = 1000
const BATCHES = 2000
const ROUNDS = 5

const telemetry = await startTelemetry({ log: { level: 'info' }, environment: {} })
for (const group of [10, 50, 500]) {
  for (const refusedShare of [0, 0.1]) measure(group, refusedShare)
}
await telemetry.shutdown()

/**
 * @param {number} group answers that come in one turn of the event loop
 * @param {number} refusedShare of them
 */
function measure(group, refusedShare) {
  const accepted = new Uint32Array(Math.round(group * (1 - refusedShare)))
  const others = Array.from({ length: group - accepted.length }, (_, index) => ({
    index,
    status: 'refused',
    reason: 'Unregistered',
    isDead: true,
  }))
  const message = { id: 'm', app: 'news', content: '{}', createdAtMs: Date.now(), ambiguous: 'resend' }
  const batch = { batchId: 1, fence: 1, message, firstIndex: 0, pending: new Array(BATCH_TOKENS) }
  const { observer } = telemetry
  const figures = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let count = 0; count < BATCHES; count++) {
      observer.claimed([batch], {})
      for (let answered = 0; answered < BATCH_TOKENS; answered += group) {
        observer.answered(batch, group)
        observer.recorded(batch, { batchId: 1, fence: 1, accepted, others })
      }
      observer.ended(batch, 'given back', false)
    }
    const { user, system } = process.cpuUsage(before)
    figures.push(((user + system) * 1000) / (BATCHES * BATCH_TOKENS))
  }
  figures.sort((left, right) => left - right)
  const median = figures[Math.floor(ROUNDS / 2)]
  console.log(
    `groups of ${group}, ${refusedShare * 100} % refused: ${median.toFixed(2)} ns a notification (${figures[0].toFixed(2)} to ${figures.at(-1).toFixed(2)})`,
  )
}
