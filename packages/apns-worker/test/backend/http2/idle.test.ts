import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, pong, startScriptedServer } from '../../support/scripted-server.js'
import { Sender, tokensOf } from '../../support/sender.js'

failOnLeaks()

const MINUTE_MS = 60_000

/** Lets the monotonic clock jump. Timers are not affected. */
function jumpingClock(context: TestContext): (ms: number) => void {
  const realNow = performance.now.bind(performance)
  let aheadMs = 0
  context.mock.method(performance, 'now', () => realNow() + aheadMs)
  return (ms) => {
    aheadMs += ms
  }
}

describe('a connection that was idle', () => {
  for (const [what, minutes, pings] of [
    ['for 10 seconds', 1 / 6, 0],
    ['for two minutes', 2, 1],
    ['for two hours', 120, 1],
  ] as const) {
    it(`${what} ${pings === 0 ? 'is used as it is' : 'is used with a PING in front, and stays if it is answered'}`, async (context) => {
      const jump = jumpingClock(context)
      const seen: string[] = []
      await using server = await startScriptedServer({
        requested: (connection, streamId) => {
          seen.push('request')
          connection.send(answer(streamId))
        },
        pinged: (connection, data) => {
          seen.push('PING')
          connection.send(pong(data))
        },
      })
      // The health check of idle connections is out of it.
      await using sender = new Sender(server, { pingInterval: 1e6 })
      await sender.accepted(sender.send(1))
      jump(minutes * MINUTE_MS)
      await sender.accepted(sender.send(1))
      assert.deepEqual(seen, ['request', ...Array<string>(pings).fill('PING'), 'request'])
      assert.equal(server.connections, 1)
    })
  }

  it('is closed where none is to stay, and opened again when there is something to send', async (context) => {
    const jump = jumpingClock(context)
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { idleConnections: 0 })
    await sender.accepted(sender.send(3))
    jump(59_000)
    await sender.accepted(sender.send(1))
    assert.equal(apns.counts().connections, 1)
    jump(61_000)
    await apns.waitFor((server) => server.counts().openConnections === 0)
    await sender.accepted(sender.send(3))
    assert.deepEqual([apns.counts().connections, sender.warnings], [2, []])
  })

  it('overnight, and is dead without anybody having said so, is found out by that PING, and everything is sent over another', async (context) => {
    const jump = jumpingClock(context)
    let isDead = false
    await using server = await startScriptedServer({
      requested: (connection, streamId) => {
        if (connection.number > 1 || !isDead) connection.send(answer(streamId))
      },
      pinged: () => {},
    })
    await using sender = new Sender(server, { pingInterval: 1e6, pingTimeout: 0.1, maxConnectionAge: 1e6 })
    await sender.accepted(sender.send(1))
    isDead = true
    jump(8 * 60 * MINUTE_MS)
    await sender.accepted(sender.send(tokensOf(5, 'aa')))
    assert.equal(server.connections, 2)
    assert.match(sender.warnings[0] ?? '', /a PING was not answered within 0\.1 s/)
  })
})
