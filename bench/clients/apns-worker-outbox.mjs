import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openManager } from './apns-worker.mjs'

const SERVER = new URL('../../packages/server/dist/index.js', import.meta.url).href
const POLL_MS = 20

/**
 * The durable worker without its HTTP API: the tokens go to disk, from there to the sink, and what became of them to disk.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open(task) {
  const { encodeContent, openEmbeddedOutbox, OutboxWorker } = await import(SERVER)
  const folder = mkdtempSync(join(tmpdir(), 'apns-worker-bench-'))
  const outbox = await openEmbeddedOutbox({ path: join(folder, 'outbox.db') })
  const { manager } = await openManager(task)
  const managers = new Map([['bench', manager]])
  const worker = await OutboxWorker.start({ outbox, owner: 'bench', managers })
  const content = encodeContent({ payload: task.payload, pushType: 'alert', priority: 10 })
  return {
    async send(tokens) {
      const { messageId } = await outbox.open({ app: 'bench', content })
      await outbox.addTokens(messageId, tokens)
      await outbox.send(messageId)
      worker.wake()
      for (;;) {
        const { state, counts } = await outbox.message(messageId)
        if (state === 'done') return { accepted: counts.accepted, refused: counts.refused }
        await setTimeout(POLL_MS)
      }
    },
    async close() {
      await worker.stop()
      await manager.close({ timeout: 5 })
      await outbox.close()
      rmSync(folder, { recursive: true })
    },
  }
}
