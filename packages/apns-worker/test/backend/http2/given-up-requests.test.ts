import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { until } from '../../support/within.js'

failOnLeaks()

describe('a request that is given up', () => {
  it('makes room for another at once, though nothing else happens on the connection', async () => {
    using clock = new StoppedClock()
    const [early = '', late = ''] = tokensOf(2, 'ff')
    await using apns = await startSimulator({ streamLimit: 2, rules: [{ tokenPrefix: 'ff', silent: true }] })
    await using sender = new Sender(apns, { requestTimeout: 10, maxConnections: 1 })
    await sender.accepted(sender.send(3))
    const first = sender.send([early], { ambiguous: 'drop' })
    await until(() => apns.counts().openStreams === 1)
    await clock.pass(5000)
    await sender.accepted(sender.send(tokensOf(1, 'a')))
    const second = sender.send([late], { ambiguous: 'drop' })
    await until(() => apns.counts().openStreams === 2)
    const queued = sender.send(tokensOf(5, 'b'))
    await clock.pass(5000)
    assert.deepEqual([first.failed, second.pending], [1, 1])
    await sender.accepted(queued)
  })
})
