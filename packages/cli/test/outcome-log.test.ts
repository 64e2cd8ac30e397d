import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { OutcomeLog } from '#src/outcome-log.js'

const place = mkdtempSync(join(tmpdir(), 'apns-worker-cli-'))
after(() => rmSync(place, { recursive: true }))

test('every outcome is a line of its own, and is on disk when the log is closed', async () => {
  const path = join(place, 'out.ndjson')
  const log = await OutcomeLog.open(path)
  let waits = 0
  for (let index = 0; index < 5_000; index++) {
    const written = log.write({
      token: String(index),
      apnsId: 'id',
      outcome: 'accepted',
      status: 200,
      reason: undefined,
    })
    if (written === undefined) continue
    waits++
    await written
  }
  await log.close()
  assert.ok(waits > 0 && waits < 50, `who writes is held back now and then: ${waits}`)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, 5_000)
  assert.equal(lines[4_999], '{"token":"4999","apnsId":"id","outcome":"accepted","status":200}')
})

test('a file that cannot be opened, or a disk that is full, is an error and not a loss', async () => {
  await assert.rejects(
    OutcomeLog.open(join(place, 'none', 'out.ndjson')),
    /cannot write the outcomes: .*no such file/,
  )
  if (process.platform !== 'linux') return
  const log = await OutcomeLog.open('/dev/full')
  void log.write({ token: 'a', outcome: 'accepted' })
  await assert.rejects(log.close(), /cannot write the outcomes to \/dev\/full: .*ENOSPC/)
})
