import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { within } from './support/within.js'

/** Runs a module with the library and the test backends in scope; resolves with what it printed, once it has ended by itself. */
async function run(body: string): Promise<string> {
  const backends = new URL('./support/test-backends.js', import.meta.url).href
  const script = `
    import { ApnsManager, Message } from 'apns-worker'
    import { managerWith, OriginalStyleBackend, ScriptedBackend, tokens } from ${JSON.stringify(backends)}
    const message = new Message(tokens(3), { aps: {} })
    ${body}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  try {
    const code = await within(
      new Promise<number | null>((resolve) => child.once('close', resolve)),
      () => `it still runs, after ${JSON.stringify(output)}`,
    )
    assert.equal(code, 0)
    return output
  } finally {
    child.kill()
  }
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
