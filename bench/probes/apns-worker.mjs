import { MESSAGE_OPTIONS, openManager } from '../clients/apns-worker.mjs'
import { makeTokens } from '../workload.mjs'

/** More than a round sends, and then from the beginning again. */
const DISTINCT_TOKENS = 20_000

/**
 * From the call, with the making of the message in it, to the outcome.
 *
 * @type {import('../latency-process.mjs').OpenProbe}
 */
export async function open({ task }) {
  const { manager, Message } = await openManager(task)
  const tokens = makeTokens(DISTINCT_TOKENS)
  return {
    send(index, settled) {
      const message = new Message([tokens[index % DISTINCT_TOKENS]], task.payload, MESSAGE_OPTIONS)
      manager
        .sendMessage(message)
        .done()
        .then((/** @type {{ failed: number }} */ { failed }) => {
          if (failed > 0) throw new Error('the sink refused a notification')
          settled()
        })
    },
    close: () => manager.close({ timeout: 5 }),
  }
}
