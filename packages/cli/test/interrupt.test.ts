import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type SimulatorOptions, startSimulator, writeCredentials } from '@apns-worker/simulator'
import { MAIN, start, temporaryDirectory } from './command.js'

const TOPIC = 'com.example.app'
const place = temporaryDirectory()

async function startSending(name: string, options: SimulatorOptions, args: readonly string[]) {
  const apns = await startSimulator(options)
  const files = await writeCredentials(apns, join(place, name), [TOPIC])
  const where = ['--environment', `127.0.0.1:${apns.port}`, '--ca', files.caPath]
  const credentials = ['--key', files.keyPath, '--team-id', files.teamId, '--topic', TOPIC]
  return { apns, running: start(MAIN, ['send', '--alert', 'x', ...args, ...where, ...credentials]) }
}

test('Ctrl-C while it waits for more of its input: what was sent is reported, exit code 130', async () => {
  const { apns, running } = await startSending('waiting', {}, [])
  running.child.stdin.write(`${'aa'.repeat(32)}\n${'bb'.repeat(32)}\n`)
  await apns.waitFor(2)
  running.child.kill('SIGINT')
  const { code, stdout, stderr } = await running.finished()
  assert.equal(code, 130)
  assert.match(stdout, /2 of 2 accepted/)
  assert.match(stdout, /Stopped: the rest of the tokens was not read/)
  assert.match(stderr, /Stopping: waiting for what is on its way/)
  await apns.close()
})

test('Ctrl-C in the middle: what is on its way is answered, the rest is taken back and on record', async () => {
  const count = 30_000
  const list = join(place, 'list')
  const outcomes = join(place, 'outcomes.ndjson')
  writeFileSync(
    list,
    Array.from({ length: count }, (_, index) => index.toString(16).padStart(64, '0')).join('\n'),
  )
  const options = { latency: 0.05, streamLimit: 10 }
  const { apns, running } = await startSending('middle', options, [
    '--tokens-file',
    list,
    '--outcomes',
    outcomes,
    '--json',
  ])
  await apns.waitFor(25)
  running.child.kill('SIGINT')
  const { code, stdout } = await running.finished()
  assert.equal(code, 130)
  const summary = JSON.parse(stdout) as Record<string, number>
  const { accepted = 0, tokens = 0 } = summary
  assert.ok(accepted >= 10 && accepted < count, `${accepted} accepted`)
  assert.equal(accepted, apns.counts().accepted)
  assert.equal(summary['notSent'], tokens - accepted)
  const records = readFileSync(outcomes, 'utf8').trimEnd().split('\n')
  assert.equal(records.length, tokens)
  assert.equal(records.filter((line) => line.includes('"outcome":"accepted"')).length, accepted)
  await apns.close()
})

test('a second Ctrl-C leaves at once', async () => {
  const { apns, running } = await startSending('silent', { rules: [{ silent: true }] }, ['aa'.repeat(32)])
  await apns.waitFor(1)
  running.child.kill('SIGINT')
  await running.saysOnStderr('Ctrl-C again')
  running.child.kill('SIGINT')
  const { code, stdout } = await running.finished()
  assert.equal(code, 130)
  assert.equal(stdout, '')
  await apns.close()
})
