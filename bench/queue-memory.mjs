/**
 * What a long list of tokens costs while it is queued: time to make and append the message, and memory above the
 * tokens' own bytes. `node bench/queue-memory.mjs [tokens]`; it starts itself again with `--expose-gc`.
 */
import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { makePayload, makeTokens, TOPIC } from './workload.mjs'

const LIBRARY = new URL('../packages/apns-worker/dist/index.js', import.meta.url)
const BYTES_EACH = 32
const count = Number(process.argv[2] ?? 1_000_000)

if (globalThis.gc === undefined) {
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', fileURLToPath(import.meta.url), String(count)],
    {
      stdio: 'inherit',
    },
  )
  process.exit(status ?? 1)
}

const { Message, NotificationQueue } = await import(LIBRARY.href)
let tokens = makeTokens(count)
const queue = new NotificationQueue(5)
const withTokens = memoryBytes()

const startedAt = performance.now()
const message = new Message(tokens, makePayload(186), { topic: TOPIC, pushType: 'alert' })
const madeAt = performance.now()
queue.append(message)
const appendedAt = performance.now()

const withBoth = memoryBytes()
tokens = []
const queued = memoryBytes()
const first = queue.claim()

const own = count * BYTES_EACH
const mebibytes = /** @param {number} bytes */ (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
console.log(
  [
    `${count.toLocaleString('en')} tokens queued (first: ${first?.token.slice(0, 8)}…), Node ${process.versions.node}`,
    `new Message      ${(madeAt - startedAt).toFixed(0)} ms`,
    `append           ${(appendedAt - madeAt).toFixed(2)} ms`,
    `added by both    ${mebibytes(withBoth - withTokens)} while the caller keeps its list`,
    `above 32 B each  ${mebibytes(withBoth - withTokens - own)} (the tokens' own bytes: ${mebibytes(own)})`,
    `freed            ${mebibytes(withBoth - queued)} when the caller drops its list of strings`,
    `resident         ${mebibytes(process.memoryUsage().rss)}, all of Node included`,
  ].join('\n'),
)

/** What JavaScript and its buffers hold after a full collection, in bytes. */
function memoryBytes() {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
