/** A webhook on a real outbox in a process of its own, to be killed. */
import { FeedbackFollower, openEmbeddedOutbox, Webhook } from '@apns-worker/server'
import { REGISTRY } from '../feedback-site.js'
import { SECRET } from './webhook-rig.js'

const [, , path = '', url = '', batchSize = ''] = process.argv
const outbox = await openEmbeddedOutbox({ path })
new Webhook({
  config: {
    url,
    secret: SECRET,
    allowPrivateAddresses: true,
    batchSize: Number(batchSize),
    timeoutMs: 60_000,
  },
  follower: new FeedbackFollower({ deadTokens: outbox, pollMs: 10 }),
  cursors: outbox,
  apps: REGISTRY,
  logger: { info: () => {}, warn: () => {} },
})
