import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { run, temporaryDirectory } from './command.js'

const directory = temporaryDirectory()
const path = (name: string): string => join(directory, name)
const right = path('right.yaml')
const wrong = path('wrong.yaml')
let keyLine = ''

before(async () => {
  await using apns = await startSimulator()
  const { key, keyId, teamId } = apns.credentials
  keyLine = key.split('\n')[1] ?? ''
  writeFileSync(path(`AuthKey_${keyId}.p8`), key)
  writeFileSync(
    right,
    `apps: [{ name: news, topic: com.example.app, keyPath: AuthKey_${keyId}.p8, teamId: ${teamId} }]`,
  )
  writeFileSync(wrong, 'lisen: 127.0.0.1:80\napps: []')
})

describe('apns-worker config check', () => {
  it('says that all is well', async () => {
    const { code, stdout, stderr } = await run(['config', 'check', '--config', right])
    assert.deepEqual([code, stdout, stderr], [0, 'ok: 1 app (news), 0 API keys\n', ''])
  })

  it('prints what counts, variables included, and no secret', async () => {
    const env = { APNS_WORKER_CONFIG: right, APNS_WORKER_LISTEN: '127.0.0.1:9999' }
    const { code, stdout } = await run(['config', 'check', '--print'], { env })
    assert.equal(code, 0)
    assert.match(stdout, /^listen: 127\.0\.0\.1:9999$/m)
    assert.match(stdout, /^ {4}key: \(hidden\)$/m)
    assert.ok(keyLine !== '' && !stdout.includes(keyLine))
  })

  it('says what is wrong, line by line', async () => {
    const { code, stdout, stderr } = await run(['config', 'check', '--config', wrong])
    assert.deepEqual([code, stdout], [1, ''])
    assert.deepEqual(stderr.trim().split('\n'), [
      `${wrong}:1:1: lisen is no setting; did you mean listen?`,
      `${wrong}:2:7: apps is an empty list; give a list with an entry for each app`,
    ])
  })

  it('says the same in JSON', async () => {
    const bad = await run(['config', 'check', '--config', wrong, '--json'])
    assert.deepEqual([bad.code, bad.stderr], [1, ''])
    const report: unknown = JSON.parse(bad.stdout)
    assert.deepEqual(report, {
      ok: false,
      problems: [
        {
          path: 'lisen',
          message: 'lisen is no setting; did you mean listen?',
          file: wrong,
          line: 1,
          column: 1,
        },
        {
          path: 'apps',
          message: 'apps is an empty list; give a list with an entry for each app',
          file: wrong,
          line: 2,
          column: 7,
        },
      ],
    })
    const good = await run(['config', 'check', '--config', right, '--json', '--print'])
    assert.equal(good.code, 0)
    assert.match(good.stdout, /^\{"ok":true,"problems":\[\],"config":\{"listen":"127\.0\.0\.1:8080"/)
  })

  it('does not run with options that there are not', async () => {
    const { code, stderr } = await run(['config', 'check', '--print-secrets'])
    assert.equal(code, 2)
    assert.match(stderr, /unknown option/)
  })
})
