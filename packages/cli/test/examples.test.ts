import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT, start } from './command.js'

/** What each example prints at its end. */
const EXAMPLES: Readonly<Record<string, RegExp>> = {
  'custom-backend.mjs':
    /^{"token":"740f4707","payload":{"aps":{"alert":"Hello"}}}\n{"token":"bebcf74f".*}\n2 written\n$/,
  // On its own, a module that defines a class does nothing.
  'json-lines-backend.mjs': /^$/,
  // The same: a function to be copied.
  'opentelemetry-metrics.mjs': /^$/,
  'opentelemetry.mjs': new RegExp(
    `^${[
      'example: apns.notifications accepted 97',
      'example: apns.notifications refused 3',
      'example: apns.notifications expired 0',
      'example: apns.notifications unknown 0',
      'example: apns.notifications cancelled 0',
      'example: apns.requests.sent 101',
      'example: apns.refusals ServiceUnavailable 1',
      'example: apns.refusals Unregistered 3',
      'example: apns.retries 1',
      'example: apns.connections.opened 1',
      'example: apns.connections.failed 0',
      'example: apns.queue.notifications queued 0',
      'example: apns.queue.notifications in flight 0',
      'example: apns.queue.lag \\d\\.\\d+',
      'example: apns.connections connecting 0',
      'example: apns.connections probing 0',
      'example: apns.connections open 1',
      'example: apns.connections draining 0',
      'example: apns.streams 0',
      'example: apns.streams.allowed 1000',
      'example: apns.paused 0',
      'example: apns.request.duration 503 1 times',
      'example: apns.request.duration 200 97 times',
      'example: apns.request.duration 410 3 times',
    ].join('\\n')}\\n$`,
  ),
  'remove-dead-tokens.mjs': /dead0000… deleted\ndead1111… kept.*\n2 devices left\n$/,
  'send-with-certificate.mjs': /^1 of 1 accepted\n$/,
  'send-with-token.mjs': /^740f4707…: accepted\n$/,
  'stream-messages.mjs': /^5000 of 5000 accepted\n$/,
}

test('every example has a test', () => {
  const files = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.mjs'))
  assert.deepEqual(files.sort(), Object.keys(EXAMPLES))
})

for (const [name, expected] of Object.entries(EXAMPLES)) {
  test(`examples/${name}`, async () => {
    const running = start(join(ROOT, 'examples', name), [])
    running.child.stdin.end()
    const { code, stdout, stderr } = await running.finished()
    assert.equal(stderr, '')
    assert.match(stdout, expected)
    assert.equal(code, 0)
  })
}
