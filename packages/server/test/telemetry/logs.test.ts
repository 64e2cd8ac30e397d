import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { ApnsError, Message } from 'apns-worker'
import { redact } from '#src/telemetry/logs/redaction.js'
import { RepeatFilter } from '#src/telemetry/logs/repeat-filter.js'
import { createServerLog } from '#src/telemetry/logs/server-log.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { content } from '../worker/rig.js'
import { TelemetryRig } from './support/telemetry-rig.js'

function on(work: (rig: TelemetryRig, simulator: Simulator) => Promise<void>, level?: 'debug') {
  return (): Promise<void> =>
    withFolder(async (path) => {
      await using simulator = await startSimulator()
      const options = level === undefined ? {} : { level }
      await using rig = await TelemetryRig.start({ path, simulator, ...options })
      await work(rig, simulator)
    })
}

const TOKEN = 'a1b2'.repeat(16)

test(
  'a stormy run leaves no token, key or payload in the log, and a line for each message that is finished',
  on(async (rig, simulator) => {
    const tokens = tokensOf(1500, 0xabcdef00)
    simulator.reply({ token: tokens.slice(0, 20), unregistered: true })
    simulator.reply({ token: tokens.slice(20, 30), status: 400, reason: tokens[20] ?? '' })
    simulator.reply({ token: tokens.slice(30, 200), timesPerToken: 1, reset: 'CANCEL' })
    const { messageId } = await rig.outbox.append({ app: 'news', content }, tokens)
    rig.worker.wake()
    await simulator.waitFor(100)
    simulator.disconnect('reset')
    await fetch(`${rig.url}/v1/suppressions?token=${tokens[3]}`, {
      headers: { authorization: 'Bearer aw_0123456789abcdefghijklmnop' },
    })
    await rig.finished(messageId)
    const undo = simulator.reply({ status: 403, reason: 'InvalidProviderToken' })
    const paused = await rig.outbox.append({ app: 'news', content }, tokens.slice(100, 110))
    rig.worker.wake()
    const manager = await rig.stopped()
    undo()
    manager.resume()
    await rig.finished(paused.messageId)
    await rig.worker.stop()
    await rig.telemetry.shutdown()

    const { logText, logged } = rig
    for (const token of tokens) assert.ok(!logText.includes(token), token)
    const secrets = ['BEGIN', 'eyJ', 'aw_0', 'hello', '0123456789abcdef']
    for (const secret of secrets) assert.ok(!logText.includes(secret), secret)
    const finished = logged.filter(({ msg }) => msg === 'message finished')
    assert.deepEqual(
      finished.map(({ messageId: id }) => id),
      [messageId, paused.messageId],
    )
    const [first] = finished
    const { accepted, refused } = await rig.outbox.message(messageId).then(({ counts }) => counts)
    const { counts, ...facts } = first ?? {}
    assert.deepEqual(counts, { ...(counts as object), accepted, refused })
    assert.ok(typeof facts['seconds'] === 'number' && facts['seconds'] > 0)
    assert.deepEqual(
      [facts['app'], facts['service'], facts['state'], facts['total']],
      ['news', 'devices', 'done', 1500],
    )
    const requests = logged.filter(({ msg }) => msg === 'request')
    assert.ok(String(requests[0]?.['url']).includes('…'), 'the path is there, and the token in it shortened')
    const stops = logged.filter(({ resume }) => resume !== undefined)
    assert.deepEqual(
      stops.map(({ level, app, reason, resume }) => [level, app, reason, resume]),
      [['error', 'news', 'InvalidProviderToken', 'POST /v1/apps/news/resume']],
    )
    assert.ok(logged.some(({ msg, app }) => String(msg).startsWith('connection lost') && app === 'news'))
  }, 'debug'),
)

test(
  'tokens of the other environment are said to be that, and what to do',
  on(async (rig, simulator) => {
    simulator.reply({ badDeviceToken: true })
    await rig.outbox.append({ app: 'news', content }, tokensOf(500))
    rig.worker.wake()
    await rig.stopped()
    const [line] = rig.logged.filter(({ reason }) => reason === 'WrongEnvironment')
    assert.match(String(line?.['msg']), /other environment/)
    assert.match(String(line?.['action']), /Do not delete the tokens/)
  }),
)

test(
  'a store that fails a thousand times is a line, and what was withheld is told later',
  on((rig) => {
    const report = rig.telemetry.report('the worker could not go on, and tries again')
    const failure = Object.assign(new Error('the disk is full'), { code: 'STORE_FULL' })
    for (let time = 0; time < 1000; time++) report(failure)
    report(Object.assign(new Error('locked'), { code: 'STORE_BUSY' }))
    const errors = rig.logged.filter(({ level }) => level === 'error')
    assert.deepEqual(
      errors.map(({ msg, err }) => [msg, (err as { code: string }).code]),
      [
        ['the worker could not go on, and tries again', 'STORE_FULL'],
        ['the worker could not go on, and tries again', 'STORE_BUSY'],
      ],
    )
    return Promise.resolve()
  }),
)

test('a kind of line goes through every ten seconds, and there is no end of kinds', () => {
  let nowMs = 0
  const filter = new RepeatFilter(() => nowMs)
  assert.equal(filter.admit('full'), 0)
  for (let time = 0; time < 5; time++) assert.equal(filter.admit('full'), undefined)
  nowMs = 9999
  assert.equal(filter.admit('full'), undefined)
  nowMs = 10_000
  assert.equal(filter.admit('full'), 6)
  nowMs = 20_000
  assert.equal(filter.admit('full'), 0)
  const admitted = Array.from({ length: 1000 }, (_, kind) => filter.admit(`kind ${kind}`))
  assert.equal(
    admitted.filter((each) => each !== undefined).length,
    100,
    'beyond a hundred kinds all are one',
  )
})

test('whatever is written, and wherever in it a secret is, it does not come out', () => {
  const lines: string[] = []
  const log = createServerLog('debug', { write: (line) => void lines.push(line) })
  const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJURUFNIn0.c2lnbmF0dXJl'
  const pem = '-----BEGIN PRIVATE KEY-----\nMIGTAgEAMBMG\n-----END PRIVATE KEY-----'
  const message = new Message([TOKEN], { aps: { alert: 'for your eyes only' } })
  const error = new ApnsError({
    code: 'refused',
    reason: 'BadTopic',
    status: 6,
    description: 'd',
    action: 'a',
  })
  const secretive = Object.assign(new Error(`no answer for ${TOKEN}`, { cause: new Error(pem) }), {
    message2: message,
  })
  log.info({ token: TOKEN, upper: TOKEN.toUpperCase(), list: [TOKEN] }, `to ${TOKEN}`)
  log.warn({ err: secretive, error, cause: secretive }, jwt)
  log.error({ headers: { authorization: 'Bearer abc.def', other: 'bearer  abc.def' } })
  log.error({ options: { passphrase: 'abc.def', key: 'abc.def', proxy: 'http://me:abc.def@proxy.example' } })
  log.debug(
    { config: { app: { secret: 'abc.def', payload: 'for your eyes only' } } },
    'aw_0123456789abcdefghijklmnop',
  )
  const text = lines.join('')
  for (const secret of [TOKEN, TOKEN.toUpperCase(), 'eyJ', 'MIGT', 'abc.def', 'eyes only', 'aw_0123']) {
    assert.ok(!text.includes(secret), `${secret}: ${text}`)
  }
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object')
  assert.ok(text.includes('a1b2…a1b2') && text.includes('A1B2…A1B2') && text.includes('proxy.example'))
  assert.ok(text.includes('"reason":"BadTopic"') && text.includes('"type":"Error"'))
})

test('what is no secret stays as it is', () => {
  const line =
    '{"id":"6b0d3a52-7b1f-4a3e-9c0d-2f6f1f1f6b0d","trace":"4bf92f3577b34da6a3ce929d0e0e4736","url":"http://a/b@c"}'
  assert.equal(redact(line), line)
})
