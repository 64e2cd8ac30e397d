import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { WaitingClients } from '#src/feedback/waiting-clients.js'
import { within } from '../../../apns-worker/dist-test/support/within.js'

const response = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()))

describe('the clients that wait', () => {
  it('are all gone when they were sent away, and not before; and nobody comes after them', async () => {
    const clients = new WaitingClients(2)
    let finish: (() => void) | undefined
    const kept = clients.keep(response(), async (client) => {
      await client.during(
        1e9,
        (signal) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
      )
      await new Promise<void>((resolve) => (finish = resolve))
      return client.isStaying
    })
    let isClosed = false
    const closed = clients.close().then(() => (isClosed = true))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([isClosed, clients.count], [false, 1])
    await assert.rejects(
      clients.keep(response(), async () => {}),
      { code: 'SHUTTING_DOWN', status: 503, headers: { 'retry-after': '5' } },
    )
    finish?.()
    await within(closed, () => 'not closed')
    assert.deepEqual([await kept, clients.count], [false, 0])
    await clients.close()
  })

  it('do not wait where they had gone before', async () => {
    const clients = new WaitingClients(1)
    const gone = response()
    gone.destroy()
    const kept = clients.keep(gone, (client) =>
      client.during(1e9, async (signal) => [client.isStaying, signal.aborted]),
    )
    assert.deepEqual([await kept, clients.count], [[false, true], 0])
  })

  it('have their place given up when their work fails', async () => {
    const clients = new WaitingClients(1)
    await assert.rejects(
      clients.keep(response(), () => Promise.reject(new Error('torn'))),
      /torn/,
    )
    assert.equal(await clients.keep(response(), async () => 'next'), 'next')
  })
})
