import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { run, temporaryDirectory } from './command.js'

const TOKEN = 'a8cc97dc8faf36513348a12eb0b6c50ba76dc3dd9d1398b00688c29a6e4ea884'

test('the prompt sends, awaits at the top level, and reports errors', async () => {
  await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: new Date(0) }] })
  const directory = temporaryDirectory()
  const paths = { ca: join(directory, 'ca.pem'), key: join(directory, 'key.p8') }
  writeFileSync(paths.ca, apns.ca)
  writeFileSync(paths.key, apns.credentials.key)
  const { code, stdout, stderr } = await run(
    [
      'repl',
      ...['--key', paths.key, '--key-id', apns.credentials.keyId, '--team-id', apns.credentials.teamId],
      ...['--environment', `127.0.0.1:${apns.port}`, '--ca', paths.ca, '--topic', 'com.example.app'],
    ],
    {
      stdin: [
        `await apns.sendAps(['${TOKEN}'], { alert: 'hello' }).done()`,
        `await apns.sendMessage(new Message(['dead${TOKEN.slice(4)}'], { aps: {} })).done()`,
        '6 * 7',
        '',
      ].join('\n'),
    },
  )
  assert.equal(code, 0, stderr)
  assert.match(stdout, /succeeded: 1/)
  assert.match(stdout, /failed: 1/)
  assert.match(stdout, /42/)
  assert.match(stderr, /Unregistered/)
  assert.equal(apns.received.length, 2)
})

test('the original command, KEY CERT, speaks to a gateway and reads its feedback', async () => {
  await using gateway = await startGateway()
  gateway.addFeedback(TOKEN, new Date(0))
  const directory = temporaryDirectory()
  const { cert, key } = gateway.clientCertificate({ topics: ['com.example.app'] })
  const paths = {
    ca: join(directory, 'ca.pem'),
    key: join(directory, 'key.pem'),
    cert: join(directory, 'cert.pem'),
  }
  writeFileSync(paths.ca, gateway.ca)
  writeFileSync(paths.key, key)
  writeFileSync(paths.cert, cert)
  const { code, stdout, stderr } = await run(
    [
      'repl',
      ...[paths.key, paths.cert, '--gateway', '--ca', paths.ca],
      ...['--environment', `127.0.0.1:${gateway.port}`, '--feedback-port', String(gateway.feedbackPort)],
    ],
    {
      stdin: [
        'let heard = () => {}; const first = new Promise((resolve) => { heard = resolve })',
        'void apns.getFeedback(heard)',
        '(await first).token',
        `await apns.sendAps(['${TOKEN}'], { alert: 'hello' }).done()`,
        '',
      ].join('\n'),
    },
  )
  assert.equal(code, 0, stderr)
  assert.match(stdout, new RegExp(`'${TOKEN}'`))
  assert.match(stdout, /succeeded: 1/)
  assert.equal(gateway.received.length, 1)
})

test('options that exclude one another are refused', async () => {
  const both = await run(['repl', '-p', '--environment', 'sandbox'])
  assert.equal(both.code, 2)
  assert.match(both.stderr, /--production and --environment/)
  const backends = await run(['repl', '--gateway', '--backend', './x.mjs'])
  assert.equal(backends.code, 2)
  assert.match(backends.stderr, /--gateway and --backend/)
})
