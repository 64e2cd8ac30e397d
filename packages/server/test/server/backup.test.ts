import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { connect } from '#src/outbox/embedded/database.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { appFor, configFor, TestServer } from './test-server.js'

test('a copy that is made while the server sends is a store that another server goes on with', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const answer = simulator.reply({ silent: true })
  const config = configFor(folder, [appFor(simulator)])
  await using running = await TestServer.start(config)
  const tokens = tokensOf(500)
  const id = await running.send(tokens)
  await simulator.waitFor(1)

  const copy = folder.file('copy.db')
  const database = connect(config.store.path)
  database.exec(`VACUUM INTO '${copy}'`)
  database.close()
  await running.server.stop({ timeout: 0 })

  answer()
  await using restored = await TestServer.start({ ...config, store: { ...config.store, path: copy } })
  const { counts } = await restored.done(id)
  assert.equal((counts as { accepted: number }).accepted, tokens.length)
})
