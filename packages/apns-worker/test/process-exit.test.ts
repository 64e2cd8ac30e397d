import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { type Gateway, startGateway } from '@apns-worker/simulator'
import { runModule } from './support/run-module.js'

/** Runs a module with the library and the test backends in scope. */
function run(body: string): Promise<string> {
  const backends = new URL('./support/test-backends.js', import.meta.url).href
  return runModule(`
    import { ApnsManager, BinaryBackend, Message } from 'apns-worker'
    import { managerWith, OriginalStyleBackend, ScriptedBackend, tokens } from ${JSON.stringify(backends)}
    const message = new Message(tokens(3), { aps: {} })
    ${body}`)
}

test('a manager that sent nothing does not keep the process alive', async () => {
  assert.equal(await run(`managerWith(OriginalStyleBackend, { messageGrace: 3600 })`), '')
})

test('once all is settled nothing keeps the process alive, though the manager was not closed', async () => {
  assert.equal(
    await run(`
      const { apns } = managerWith(OriginalStyleBackend, { messageGrace: 0.05 })
      apns.sendMessage(message).done().then((report) => console.log(JSON.stringify(report)))`),
    '{"total":3,"succeeded":3,"failed":0}\n',
  )
})

test('until then the process stays, without anybody waiting', async () => {
  assert.equal(
    await run(`
      const { apns } = managerWith(OriginalStyleBackend, { messageGrace: 0.3 })
      apns.sendMessage(message)
      process.on('exit', () => console.log(apns.stats().accepted))`),
    '3\n',
  )
})

test('after close nothing keeps it alive, with a long grace and unsettled notifications', async () => {
  assert.equal(
    await run(`
      const { apns } = managerWith(OriginalStyleBackend, { messageGrace: 3600 })
      apns.sendMessage(message)
      const { unsent } = await apns.close({ timeout: 0 })
      console.log(unsent.length)`),
    '3\n',
  )
})

describe('over the gateway', () => {
  /** The same, with a manager for this gateway in scope. */
  function runWith(gateway: Gateway, messageGrace: number, body: string): Promise<string> {
    const { cert, key } = gateway.clientCertificate({ topics: ['com.example.app'] })
    const options = JSON.stringify({ cert, key, environment: gateway.environment, messageGrace })
    return run(`
      const logger = { debug() {}, info() {}, warn() {}, error: console.log }
      const apns = new ApnsManager({ ...${options}, backend: BinaryBackend, errorHandler() {}, logger })
      ${body}`)
  }

  /** Prints, as the process ends, what became of the notifications, and how many connections are open. */
  const REPORT = `process.on('exit', () => {
    const { accepted, refused, inFlight, connections } = apns.stats()
    console.log(accepted, refused, inFlight, connections)
  })`

  it('an open connection does not keep the process alive once all is settled', async () => {
    await using gateway = await startGateway()
    assert.equal(await runWith(gateway, 0.05, `apns.sendMessage(message); ${REPORT}`), '3 0 0 1\n')
  })

  it('the process stays until the grace of what was sent is over, without anybody waiting', async () => {
    await using gateway = await startGateway()
    const printed = await runWith(
      gateway,
      0.5,
      `apns.sendMessage(message)
      ${REPORT}
      // All is written, and nobody waits for it.
      const written = setInterval(() => {
        if (apns.stats().queued > 0) return
        clearInterval(written)
        console.log('written')
      }, 1)`,
    )
    assert.equal(printed, 'written\n3 0 0 1\n')
  })

  it('it stays until what an error response has given back is sent again, and settled', async () => {
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 2, status: 8 }] })
    assert.equal(await runWith(gateway, 1, `apns.sendMessage(message); ${REPORT}`), '2 1 0 1\n')
    await gateway.waitFor(2)
    assert.equal(gateway.counts().connections, 2)
  })

  it('work after an idle time keeps it alive again', async () => {
    await using gateway = await startGateway()
    const printed = await runWith(
      gateway,
      0.05,
      `await apns.sendMessage(message).done()
      await new Promise((resolve) => setImmediate(resolve))
      apns.sendMessage(message)
      ${REPORT}`,
    )
    assert.equal(printed, '6 0 0 1\n')
    assert.equal(gateway.counts().connections, 1)
  })

  it('after close() nothing keeps it alive, once what was sent is settled', async () => {
    await using gateway = await startGateway()
    const closeAtOnce = `apns.sendMessage(message); await apns.close(); ${REPORT}`
    assert.equal(await runWith(gateway, 0.05, closeAtOnce), '3 0 0 0\n')
    const closeIdle = `await apns.sendMessage(message).done(); await apns.close(); await apns.close(); ${REPORT}`
    assert.equal(await runWith(gateway, 0.05, closeIdle), '3 0 0 0\n')
    await gateway.waitFor(6)
  })

  it('after close() in time nothing keeps it alive, with a long grace and unsettled notifications', async () => {
    await using gateway = await startGateway()
    const printed = await runWith(
      gateway,
      3600,
      `apns.sendMessage(message)
      while (apns.stats().queued > 0) await new Promise((resolve) => setImmediate(resolve))
      const { unsent } = await apns.close({ timeout: 0.05 })
      console.log(unsent.map(({ code }) => code).join())`,
    )
    assert.equal(printed, 'unknown,unknown,unknown\n')
    await gateway.waitFor(3)
  })

  it('a gateway that takes nothing does not keep a closed manager alive', async () => {
    await using gateway = await startGateway()
    gateway.pause()
    const printed = await runWith(
      gateway,
      3600,
      `const many = new Message(tokens(20_000), { aps: { alert: 'x'.repeat(1500) } })
      apns.sendMessage(many)
      // Until the system's buffers are full.
      for (let written = -1; written < apns.stats().inFlight || written === 0; ) {
        written = apns.stats().inFlight
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const { unsent } = await apns.close({ timeout: 0 })
      console.log(unsent.length)`,
    )
    assert.equal(printed, '20000\n')
  })
})
