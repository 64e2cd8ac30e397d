import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { withFolder } from '../support/embedded-place.js'

function run(script: string, path: string): { output: string; errors: string; code: number | null } {
  const header = `import { openEmbeddedOutbox } from '@apns-worker/server'
    const outbox = await openEmbeddedOutbox({ path: ${JSON.stringify(path)} });`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', header + script],
    { cwd: new URL('../../..', import.meta.url), encoding: 'utf8', timeout: 20_000 },
  )
  return { output: stdout, errors: stderr, code: status }
}

test('an open outbox does not keep a process alive, a call that it waits for does', async () => {
  await withFolder(async (path) => {
    const { output, errors, code } = run(
      `outbox.append({ app: 'news', content: '' }, ['ab']).then(({ total }) => console.log('stored', total))`,
      path,
    )
    assert.deepEqual([output, errors, code], ['stored 1\n', '', 0])
  })
})

test('closing ends the thread', async () => {
  await withFolder(async (path) => {
    const { output, code } = run(
      `await outbox.close(); await outbox.close()
      await outbox.stats().catch(({ code }) => console.log(code))
      console.log(process.getActiveResourcesInfo().filter((kind) => /port|worker/i.test(kind)).length)`,
      path,
    )
    assert.deepEqual([output, code], ['CLOSED\n0\n', 0])
  })
})
