import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { ExpiryWarning } from '#src/credentials/expiry-warning.js'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'

failOnLeaks()

const DAY_MS = 86_400_000
const VALID_TO = new Date(Date.UTC(2026, 11, 24, 12))

describe('the warning of a certificate that expires', () => {
  it('comes from thirty days before, once a day', () => {
    const warnings: string[] = []
    const warn = (text: string): void => {
      warnings.push(text)
    }
    const logger = { debug: warn, info: warn, warn, error: warn }
    const certificate = {
      topics: [],
      sandbox: true,
      production: true,
      isMarked: true,
      validFrom: new Date(0),
      validTo: VALID_TO,
      subject: 'UID=com.example.app',
      fingerprint256: '',
    }
    const warning = new ExpiryWarning(certificate, logger)
    const checkAt = (daysBefore: number): void => warning.check(VALID_TO.getTime() - daysBefore * DAY_MS)
    for (const days of [400, 31, 30.1]) checkAt(days)
    assert.deepEqual(warnings, [])
    for (const days of [29.9, 29.5, 29, 28.8, 28.5, -1]) checkAt(days)
    assert.deepEqual(
      warnings.map((text) => /\) (.*), on 2026-12-24/.exec(text)?.[1]),
      ['expires in 29 days', 'expires in 28 days', 'has expired'],
    )
    assert.match(warnings[0] ?? '', /UID=com\.example\.app/)
  })

  const soon = { topics: [TOPIC], notAfter: new Date(Date.now() + 5.5 * DAY_MS) }
  const text = /^the client certificate \(.*\) expires in 5 days/

  it('is heard of when a manager is made', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate(soon)
    await using sender = new Sender({ environment: apns.environment, credentials: { cert, key } })
    assert.match(sender.warnings[0] ?? '', text)
    await sender.accepted(sender.send(3))
    assert.equal(sender.warnings.length, 1)
  })

  it('is heard of over the gateway too', async () => {
    await using gateway = await startGateway()
    const { cert, key } = gateway.clientCertificate(soon)
    await using sender = new GatewaySender(gateway, { cert, key })
    assert.match(sender.warnings[0] ?? '', text)
    await sender.outcomes(sender.send(tokensOf(3)))
    assert.equal(sender.warnings.length, 1)
  })

  it('is heard of again as connections are opened, day after day', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate(soon)
    const peer = { environment: apns.environment, credentials: { cert, key } }
    await using sender = new Sender(peer, { maxConnectionRequests: 1 })
    context.mock.timers.tick(1.2 * DAY_MS)
    await sender.accepted(sender.send(3))
    assert.equal(sender.warnings.length, 2)
    assert.match(sender.warnings[1] ?? '', /expires in 4 days/)
  })
})
