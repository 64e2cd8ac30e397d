import { MESSAGE_OPTIONS, openManager } from './apns-worker.mjs'

/**
 * One message to the whole list of tokens, the outcomes counted by its delivery.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open(task) {
  const { manager, Message } = await openManager(task)
  return {
    async send(tokens) {
      const report = await manager.sendMessage(new Message(tokens, task.payload, MESSAGE_OPTIONS)).done()
      return { accepted: report.succeeded, refused: report.failed }
    },
    close: () => manager.close({ timeout: 5 }),
  }
}
