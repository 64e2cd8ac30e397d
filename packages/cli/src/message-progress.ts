import { setTimeout as wait } from 'node:timers/promises'
import { styleText } from 'node:util'
import { REASONS } from 'apns-worker'
import type { ApiClient } from './api-client.js'
import { Progress } from './progress.js'
import { formatCount, RefusalTable } from './refusal-table.js'

/** Often enough for a bar that moves. */
const LOOK_EVERY_MS = 50

interface Counts {
  readonly total: number
  readonly accepted: number
  readonly pending: number
}

/** Shows how a message of the server goes, until it is done, and then what became of it. */
export async function showMessage(api: ApiClient, id: string, told: AbortSignal): Promise<void> {
  const startedMs = performance.now()
  const progress = new Progress(process.stderr, () => performance.now())
  for (;;) {
    const { state, counts, reasons } = await api.get(`/v1/messages/${id}`)
    // As the API's document describes it.
    const { total, accepted, pending } = counts as Counts
    const failed = total - accepted - pending
    const now = { accepted, failed, fraction: (total - pending) / total }
    if (told.aborted) {
      progress.abandon()
      return
    }
    if (state !== 'done') {
      progress.update(now)
      await wait(LOOK_EVERY_MS)
      continue
    }
    progress.finish(now)
    const seconds = (performance.now() - startedMs) / 1000
    const table = tableOfReasons(reasons as Record<string, number>)
    if (!table.isEmpty) console.log(['', ...table.render(process.stdout.columns), ''].join('\n'))
    const text = `${formatCount(accepted)} of ${formatCount(total)} accepted, ${formatCount(failed)} refused`
    const rate = `${formatCount(Math.round(total / seconds))} a second`
    console.log(`${styleText('green', text)} in ${seconds.toFixed(1)} s, ${rate}`)
    return
  }
}

/** What the API counts by reason, with what to do about each. */
export function tableOfReasons(reasons: Readonly<Record<string, number>>): RefusalTable {
  const table = new RefusalTable()
  for (const [reason, count] of Object.entries(reasons)) {
    const known = REASONS[reason]
    const { description = '', action = '' } = known ?? {}
    table.add({ reason, code: 'refused', description, action }, count)
  }
  return table
}
