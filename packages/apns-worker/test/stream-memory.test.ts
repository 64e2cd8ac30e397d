import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/**
 * Bytes on the heap that may come and go between two measurements, each after a full collection. What grows with the
 * number of messages costs at least 80 bytes for each, which is 6 MB for the difference of 80,000.
 */
const NOISE_BYTES = 3_000_000

/** Streams messages to one token each; the heap in use near the end, while the window is full. */
function heapAfter(count: number): number {
  const backends = new URL('./support/test-backends.js', import.meta.url).href
  const script = `
    import { Message } from 'apns-worker'
    import { managerWith, REFUSAL, ScriptedBackend, tokens } from ${JSON.stringify(backends)}
    const { apns, backend } = managerWith(ScriptedBackend)
    const [token] = tokens(1)
    let asked = 0
    // One in 1,000 waits until the end: what is held up must not hold up memory.
    backend.script = () => (asked++ % 1000 === 0 ? 'hold' : asked % 3 === 0 ? REFUSAL : 'accept')
    function* messages() {
      for (let index = 0; index < ${count}; index++) yield new Message([token], { aps: { badge: index } })
      gc()
      console.log(process.memoryUsage().heapUsed)
    }
    let seen = 0
    for await (const outcome of apns.stream(messages(), { window: 1000 })) {
      if (++seen === ${count - count / 1000}) break
    }
    await apns.close({ timeout: 0 })`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', script],
    { cwd: new URL('..', import.meta.url), encoding: 'utf8' },
  )
  assert.equal(status, 0, stderr)
  return Number(stdout)
}

test('a stream of 100,000 messages needs no more memory than one of 20,000', () => {
  const [few, many] = [heapAfter(20_000), heapAfter(100_000)]
  assert.ok(few > 0 && many > 0)
  assert.ok(many - few < NOISE_BYTES, `the heap grew from ${few} to ${many} bytes`)
})
