// A first push, with a provider token key (.p8).
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'

// An APNs on this machine, so that this program runs as it is. The comments say what to put for the real one.
const simulator = await startSimulator()

const apns = new ApnsManager({
  ...simulator.credentials, // keyPath: 'AuthKey_ABC123DEFG.p8', keyId: 'ABC123DEFG', teamId: 'DEF123GHIJ'
  environment: simulator.environment, // 'production', or 'sandbox' for apps that Xcode installed
  topic: 'com.example.app', // your app's bundle id
})

const tokens = ['740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad']
const delivery = apns.sendAps(tokens, {
  alert: { title: 'Hello', body: 'from apns-worker' },
  sound: 'default',
})

for await (const { token, status, error } of delivery) {
  console.log(`${token.slice(0, 8)}…: ${status}${error ? ` (${error.message})` : ''}`)
}
await apns.close()

await simulator.close()
