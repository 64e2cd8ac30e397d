/**
 * A process that appends, claims, "sends" and records as fast as it can, to be killed while it does. Its report is what
 * Apple's journal would be, and what its callers were promised. On standard output it says that it has begun one.
 */
import { openSync, writeSync } from 'node:fs'
import type { ClaimedBatch, Outbox, TokenOutcome } from '@apns-worker/server'
// Not the whole server: it takes half a second to load, and this is started again and again.
import { apnsIdAt } from '#src/outbox/apns-ids.js'
import { openEmbeddedOutbox } from '#src/outbox/embedded/embedded-outbox.js'
import { unpackTokens } from '#src/outbox/packed-tokens.js'
import { openPostgresOutbox } from '#src/outbox/postgres/postgres-outbox.js'
import { CLAIMED_AT_ONCE, type CrashPlan, type CrashReport, randomFrom, reportPathOf } from './crash-plan.js'

// The parent wrote it.
const plan = JSON.parse(process.argv[2] ?? '') as CrashPlan
const random = randomFrom(plan.seed)
/** Those of which it was promised that they are on the list, by app. */
const deadTokens = new Map<string, readonly string[]>()
const startMs = Date.now()
// A file: a pipe that its reader is slow to empty takes half a line.
const reportFile = openSync(reportPathOf(plan), 'w')
let hasReported = false
const now = (): number => plan.nowMs + Date.now() - startMs
const outbox =
  plan.url === undefined
    ? await openEmbeddedOutbox({ path: plan.path, now })
    : await openPostgresOutbox({ url: plan.url, now })
if (plan.takesOver) await outbox.takeOver(plan.owner)
await Promise.all([...(plan.appends ? [append(outbox), append(outbox)] : []), work(outbox)])
await outbox.close()

async function append(outbox: Outbox): Promise<never> {
  for (;;) {
    const tokens = Array.from({ length: 1 + Math.floor(random() * 40) }, () => {
      const digits = Array.from({ length: 8 }, () => Math.floor(random() * 2 ** 32).toString(16))
      return `${plan.round.toString(16).padStart(4, '0')}${digits.join('').padStart(64, '0')}`
    })
    const app = `app-${tokens.length % 3}`
    // Nothing may be sent to these, though they are asked for again.
    const known = deadTokens.get(app) ?? []
    for (let count = Math.floor(random() * 3); count > 0 && known.length > 0; count--) {
      tokens.push(known[Math.floor(random() * known.length)] ?? '')
    }
    const { messageId } = await outbox.append({ app, content: '{}' }, tokens)
    report({ did: 'append', id: messageId, tokens })
  }
}

async function work(outbox: Outbox): Promise<void> {
  for (;;) {
    const { owner, leaseMs } = plan
    const { batches } = await outbox.claim({ owner, leaseMs, maxTokens: CLAIMED_AT_ONCE })
    for (const { batchId: batch, fence } of batches) report({ did: 'claim', batch, fence })
    if (batches.length === 0 && !plan.appends) return
    await Promise.all(batches.map((batch) => send(outbox, batch)))
  }
}

/** In two halves, so that a batch may be half settled when the end comes. */
async function send(outbox: Outbox, batch: ClaimedBatch): Promise<void> {
  const tokens = unpackTokens(batch.tokens)
  const half = Math.ceil(batch.pending.length / 2)
  for (const indices of [batch.pending.slice(0, half), batch.pending.slice(half)]) {
    const idOf = (index: number): string => apnsIdAt(batch.message.id, batch.firstIndex + index)
    report({ did: 'send', sent: indices.map((index) => [idOf(index), tokens[index] ?? '']) })
    const isDead = (index: number): boolean => tokens[index]?.endsWith('0') ?? false
    const accepted = indices.filter((index) => !isDead(index))
    const refused = indices.filter(isDead)
    const others = refused.map(
      (index): TokenOutcome => ({ index, status: 'refused', reason: 'Unregistered', isDead: true }),
    )
    await outbox.record([{ ...batch, accepted, others }])
    report({ did: 'record', accepted: accepted.map(idOf), refused: refused.map(idOf) })
    const { app } = batch.message
    deadTokens.set(app, [...(deadTokens.get(app) ?? []), ...refused.map((index) => tokens[index] ?? '')])
  }
}

/** At once, so that it is out before the process is killed. */
function report(what: CrashReport): void {
  writeSync(reportFile, `${JSON.stringify(what)}\n`)
  if (!hasReported) writeSync(1, 'begun\n')
  hasReported = true
}
