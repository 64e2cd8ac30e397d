import { sendInWindow } from '../workload.mjs'
import { MESSAGE_OPTIONS, openManager } from './apns-worker.mjs'

/**
 * One message for each token, with a promise awaited for each.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open(task) {
  const { manager, Message } = await openManager(task)
  return {
    async send(tokens) {
      const tally = { accepted: 0, refused: 0 }
      await sendInWindow(tokens, task.window, async (token) => {
        const report = await manager.sendMessage(new Message([token], task.payload, MESSAGE_OPTIONS)).done()
        tally.accepted += report.succeeded
        tally.refused += report.failed
      })
      return tally
    },
    close: () => manager.close({ timeout: 5 }),
  }
}
