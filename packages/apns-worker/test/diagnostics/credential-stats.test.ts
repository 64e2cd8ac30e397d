import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { AppManagers } from 'apns-worker'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC } from '../support/sender.js'

failOnLeaks()

const HOUR = 3600

describe('the credential, in stats()', () => {
  it('is a key whose token has an age once it is there', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    const { keyId } = apns.credentials
    assert.deepEqual(sender.apns.stats().credential, { kind: 'token', keyId, age: undefined })
    await sender.accepted(sender.send(1))
    const { credential } = sender.apns.stats()
    assert.ok(credential?.kind === 'token' && credential.age !== undefined)
    assert.ok(credential.age >= 0 && credential.age < HOUR, `${credential.age} s`)
  })

  it('is a certificate that expires', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using apns = await startSimulator()
    const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 100 * HOUR * 1000)
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC], notAfter })
    await using sender = new Sender({ environment: apns.environment, credentials: { cert, key } })
    const left = (notAfter.getTime() - Date.now()) / 1000
    assert.deepEqual(sender.apns.stats().credential, { kind: 'certificate', expiresIn: left })
    context.mock.timers.tick(101 * HOUR * 1000)
    const { credential } = sender.apns.stats()
    assert.ok(credential?.kind === 'certificate')
    assert.equal(Math.round(credential.expiresIn), Math.round(left - 101 * HOUR))
  })

  it('is told by apps that share connections, and not by the gateway', async () => {
    await using apns = await startSimulator()
    const { credentials, environment } = apns
    await using managers = new AppManagers({ apps: { news: { ...credentials, environment, topic: TOPIC } } })
    assert.equal(managers.get('news').stats().credential?.kind, 'token')
    await using gateway = await startGateway()
    await using relay = new GatewaySender(gateway)
    assert.equal(relay.apns.stats().credential, undefined)
  })
})
