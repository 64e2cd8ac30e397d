import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runModule } from './support/run-module.js'

/** Runs a module with the library and the test backends in scope. */
function run(body: string): Promise<string> {
  const backends = new URL('./support/test-backends.js', import.meta.url).href
  return runModule(`
    import { ApnsManager, Message } from 'apns-worker'
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
