import apn from '@parse/node-apn'
import { KEY_ID, sendInWindow, TEAM_ID, TOPIC } from '../workload.mjs'

/** How many lists of tokens are under way at a time: `window` notifications altogether. */
const LISTS = 4

/**
 * `@parse/node-apn` at its best: one notification, compiled once, sent to lists of tokens, four lists at a time.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open({ port, cert, key, payload, window }) {
  const provider = new apn.Provider({
    token: { key, keyId: KEY_ID, teamId: TEAM_ID },
    address: '127.0.0.1',
    port,
    ca: [cert],
  })
  const notification = new apn.Notification()
  notification.rawPayload = payload
  notification.topic = TOPIC
  notification.pushType = 'alert'

  return {
    async send(tokens) {
      const tally = { accepted: 0, refused: 0 }
      await sendInWindow(cut(tokens, Math.ceil(window / LISTS)), LISTS, async (list) => {
        const { sent, failed } = await provider.send(notification, list)
        tally.accepted += sent.length
        for (const failure of failed) {
          if (failure.response === undefined)
            throw failure.error ?? new Error('node-apn failed without an error')
          tally.refused += 1
        }
      })
      return tally
    },
    close: () =>
      new Promise((resolve) => {
        void provider.shutdown(() => resolve(undefined))
      }),
  }
}

/**
 * @param {readonly string[]} tokens
 * @param {number} length
 */
function cut(tokens, length) {
  return Array.from({ length: Math.ceil(tokens.length / length) }, (_, index) =>
    tokens.slice(index * length, (index + 1) * length),
  )
}
