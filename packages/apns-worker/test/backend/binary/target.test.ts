import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGateway } from '@apns-worker/simulator'
import { loadCredentials } from 'apns-worker'
import { gatewayTargets } from '#src/backend/binary/target.js'

test("Apple's historic hosts and ports, and those of another gateway", async () => {
  await using gateway = await startGateway()
  const { cert, key } = gateway.clientCertificate({ topics: ['com.example.app'] })
  const credentials = loadCredentials({ cert, key }, { environment: undefined, now: Date.now })
  assert.ok(credentials.kind === 'certificate')
  const places = (environment: Parameters<typeof gatewayTargets>[0]): (string | number)[] => {
    const targets = gatewayTargets(environment, credentials, undefined)
    return [targets.gateway.host, targets.gateway.port, targets.feedback.host, targets.feedback.port]
  }
  assert.deepEqual(places('production'), ['gateway.push.apple.com', 2195, 'feedback.push.apple.com', 2196])
  assert.deepEqual(places('sandbox'), [
    'gateway.sandbox.push.apple.com',
    2195,
    'feedback.sandbox.push.apple.com',
    2196,
  ])
  assert.deepEqual(places({ host: 'relay', ca: gateway.ca }), ['relay', 2195, 'relay', 2196])
  assert.deepEqual(places({ host: 'relay', port: 1, feedbackPort: 2, ca: gateway.ca }), [
    'relay',
    1,
    'relay',
    2,
  ])
})
