import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openEmbeddedOutbox } from '@apns-worker/server'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { until, within } from '../../../../apns-worker/dist-test/support/within.js'
import { randomFrom } from '../../outbox/support/crash-plan.js'
import { withFolder } from '../../outbox/support/embedded-place.js'
import { bury, tokensFrom } from '../bury.js'
import { Receiver } from './receiver.js'

failOnLeaks()

const SEED = Number(process.env['WEBHOOK_CRASH_SEED'] ?? Date.now() % 100_000)
const TOKENS = 600
const BATCH = 10
const KILLS = 5
/** Of its answer. */
const KILLED_WITHIN_MS = 10

const program = fileURLToPath(new URL('webhook-child.js', import.meta.url))

test('killed while it sends, a webhook goes on where it was, and repeats one batch at most', async (context) => {
  context.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED)
  await withFolder(async (path) => {
    await using receiver = await Receiver.start('plain HTTP')
    const url = `http://127.0.0.1:${receiver.port}/`
    const outbox = await openEmbeddedOutbox({ path })
    await bury(outbox, 'news', tokensFrom(1, TOKENS))
    const { answer } = receiver
    for (let kill = 0; kill < KILLS; kill++) {
      // Before its answer, or just after: the receiver has it, and the webhook may not know.
      const before = receiver.deliveries.length
      const fatal = before + 1 + Math.floor(random() * 8)
      const isAnswered = random() < 0.5
      const child = start(context, path, url)
      receiver.answer = (delivery) => {
        const isFatal = receiver.deliveries.length === fatal
        if (!isFatal || isAnswered) answer(delivery)
        if (isFatal && !isAnswered) child.kill('SIGKILL')
        else if (isFatal) setTimeout(() => child.kill('SIGKILL'), random() * KILLED_WITHIN_MS)
      }
      const [, signal] = await within(once(child, 'close'), () => `${receiver.deliveries.length} of ${fatal}`)
      assert.equal(signal, 'SIGKILL')
    }
    receiver.answer = answer
    const last = start(context, path, url)
    await until(
      () => receiver.numbers.at(-1)?.at(-1) === TOKENS,
      () => `at ${receiver.numbers.at(-1)?.at(-1)}`,
    )
    last.kill('SIGKILL')
    await once(last, 'close')
    await outbox.close()

    const told = receiver.numbers.flat()
    assert.deepEqual(
      [...new Set(told)],
      Array.from({ length: TOKENS }, (_, index) => index + 1),
    )
    const repeated = told.length - TOKENS
    context.diagnostic(`${KILLS} times killed, ${repeated} of ${TOKENS} told again`)
    assert.ok(repeated <= KILLS * BATCH)
    // What is repeated is the batch before, as it was: receivers may tell by its id.
    const ids = new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id']))
    assert.equal(ids.size, TOKENS / BATCH)
  })
})

function start(context: TestContext, path: string, url: string): ChildProcess {
  const child = spawn(process.execPath, [program, path, url, String(BATCH)], { stdio: 'inherit' })
  context.after(() => child.kill('SIGKILL'))
  return child
}
