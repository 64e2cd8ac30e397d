// A message of its own for each of many users, from a source of any length, in bounded memory.
import { createHash } from 'node:crypto'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager, Message } from 'apns-worker'

const USERS = 5_000

// An APNs on this machine, so that this program runs as it is; see send-with-token.mjs for the real one.
const simulator = await startSimulator()
const apns = new ApnsManager({
  ...simulator.credentials,
  environment: simulator.environment,
  topic: 'com.example.app',
})

// It stands for a database cursor: the next user is asked for when there is room for another notification.
async function* users() {
  for (let id = 1; id <= USERS; id++) {
    yield { id, points: id * 7, token: createHash('sha256').update(`user ${id}`).digest('hex') }
  }
}

async function* messages() {
  for await (const { id, points, token } of users()) {
    yield new Message([token], { aps: { alert: `You have ${points} points`, badge: 1 }, user: id })
  }
}

let accepted = 0
for await (const { status, token, error } of apns.stream(messages())) {
  if (status === 'accepted') accepted++
  else console.error(`${token}: ${error.reason}`)
}
console.log(`${accepted} of ${USERS} accepted`)
await apns.close()

await simulator.close()
