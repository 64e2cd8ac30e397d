import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'
import { targetOf } from '#src/backend/http2/target.js'
import { loadCredentials } from '#src/credentials/credentials.js'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender } from '../../support/sender.js'
import { LOCALHOST, PROVIDER_KEY } from '../../support/test-identity.js'

failOnLeaks()

const credentials = loadCredentials(PROVIDER_KEY, { environment: undefined, now: Date.now })

describe('where to connect', () => {
  it('is Apple’s host of the environment', () => {
    const place = (environment: 'production' | 'sandbox'): unknown[] => {
      const { host, port, servername } = targetOf(environment, credentials, undefined)
      return [host, port, servername]
    }
    assert.deepEqual(place('production'), ['api.push.apple.com', 443, undefined])
    assert.deepEqual(place('sandbox'), ['api.sandbox.push.apple.com', 443, undefined])
  })

  it('is a host of one’s own, with 443 as the port that goes without saying', () => {
    const { host, port, servername } = targetOf(
      { host: 'relay.example', servername: 'api.push.apple.com' },
      credentials,
      undefined,
    )
    assert.deepEqual([host, port, servername], ['relay.example', 443, 'api.push.apple.com'])
  })

  it('has authorities as text, as bytes, or several', async () => {
    await using apns = await startSimulator()
    for (const ca of [
      apns.ca,
      Buffer.from(apns.ca),
      new Uint8Array(Buffer.from(apns.ca)),
      [LOCALHOST.cert, Buffer.from(apns.ca)],
    ]) {
      await using sender = new Sender({
        environment: { ...apns.environment, ca },
        credentials: apns.credentials,
      })
      await sender.accepted(sender.send(3))
    }
  })

  it('can not have an authority that is no certificate: that is an error when the manager is made', () => {
    for (const ca of ['ca.pem', '', [], [LOCALHOST.cert, 'ca.pem'], Buffer.of(0x30, 0x03), LOCALHOST.key]) {
      assert.throws(() => new ApnsManager({ ...PROVIDER_KEY, environment: { host: 'localhost', ca } }), {
        name: 'TypeError',
        message: /^environment\.ca is not a certificate in PEM format; it takes the content of the file/,
      })
    }
  })
})
