// A push with a client certificate, as PKCS#12 (.p12) or in PEM. It says itself for which app it is.
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager, Message } from 'apns-worker'

// An APNs on this machine, so that this program runs as it is. The comments say what to put for the real one.
const simulator = await startSimulator()
const { cert, key } = simulator.clientCertificate({ topics: ['com.example.app'] })

const apns = new ApnsManager({
  cert, // certPath: 'certificate.pem', or pfxPath: 'certificate.p12' with its passphrase
  key, // keyPath: 'key.pem'
  environment: simulator.environment, // 'production' or 'sandbox'
})

const message = new Message(
  ['740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad'],
  { aps: { alert: 'Your table is ready' }, table: 7 },
  { expiration: new Date(Date.now() + 15 * 60_000), collapseId: 'table-7' },
)
const { succeeded, total } = await apns.sendMessage(message).done()
console.log(`${succeeded} of ${total} accepted`)
await apns.close()

await simulator.close()
