// Apple says which device tokens are dead: those are deleted, unless the device has registered again since.
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'

const HOUR_MS = 3_600_000
const ago = (hours) => new Date(Date.now() - hours * HOUR_MS)

// It stands for a table of your database: when each device last told us its token.
const devices = new Map([
  ['aa'.repeat(32), ago(48)],
  [`dead${'0'.repeat(60)}`, ago(48)],
  [`dead${'1'.repeat(60)}`, ago(1)],
])

// An APNs on this machine, so that this program runs as it is; see send-with-token.mjs for the real one.
const simulator = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: ago(24) }] })
const apns = new ApnsManager({
  ...simulator.credentials,
  environment: simulator.environment,
  topic: 'com.example.app',
})

apns.getFeedback(({ token, when }) => {
  const registered = devices.get(token)
  if (registered === undefined) return
  if (registered > when) console.log(`${token.slice(0, 8)}… kept: it registered again after it was dead`)
  else {
    devices.delete(token)
    console.log(`${token.slice(0, 8)}… deleted`)
  }
})

apns.sendAps([...devices.keys()], { contentAvailable: true })
await apns.flushMessages()
await apns.close()
console.log(`${devices.size} devices left`)

await simulator.close()
