import { ApnsClient, ApnsError, Notification, PushType } from 'apns2'
import { Pool } from 'undici'
import { KEY_ID, sendInWindow, TEAM_ID, TOPIC } from '../workload.mjs'

/**
 * `apns2`, a promise for each notification. It insists on port 443, so its pool is exchanged for one with the very
 * options that it sets itself (`dist/esm/apns.js`), but with the sink's port and authority.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open({ port, cert, key, payload, window }) {
  const client = new ApnsClient({ team: TEAM_ID, keyId: KEY_ID, signingKey: key, defaultTopic: TOPIC })
  await client.client.close()
  const pool = new Pool(`https://127.0.0.1:${port}`, {
    connections: 32,
    pipelining: 1,
    allowH2: true,
    maxConcurrentStreams: 100,
    connect: { ca: cert },
  })
  Object.assign(client, { client: pool })

  return {
    async send(tokens) {
      const tally = { accepted: 0, refused: 0 }
      await sendInWindow(tokens, window, async (token) => {
        try {
          await client.send(new Notification(token, { type: PushType.alert, aps: payload.aps }))
          tally.accepted += 1
        } catch (error) {
          if (!(error instanceof ApnsError)) throw error
          tally.refused += 1
        }
      })
      return tally
    },
    close: () => client.close(),
  }
}
