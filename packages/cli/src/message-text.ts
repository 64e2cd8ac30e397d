import { styleText } from 'node:util'
import type { MessageCounts, MessageReport } from './api-reports.js'
import { tableOfReasons } from './message-progress.js'
import { printable } from './printable.js'
import { drawBar, percentOf } from './progress.js'
import { formatCount } from './refusal-table.js'
import { textTable } from './text-table.js'
import { timeLeft } from './time-left.js'

const MAX_BAR_COLUMNS = 40
const LABEL_COLUMNS = 10

/** Tokens that have their outcome, and were not accepted. */
export function failedOf({ total, accepted, pending }: MessageCounts): number {
  return total - accepted - pending
}

/** Whether nothing more becomes of it: what is on its way of a message that was cancelled is still counted. */
export function isOver({ state, counts }: MessageReport): boolean {
  return state === 'done' || (state === 'cancelled' && counts.pending === 0)
}

/** A message on one line, where lines stay. */
export function messageLine(report: MessageReport): string {
  const { id, app, state, counts } = report
  const progress = `${percentOf(fractionOf(counts)).trimStart()} of ${formatCount(counts.total)}`
  return [id, printable(app), state, progress, outcomesText(counts), paceText(report)]
    .filter((part) => part !== '')
    .join('  ')
}

/**
 * A message in full.
 *
 * @param columns width of the terminal; undefined where there is none
 */
export function messageLines(report: MessageReport, columns: number | undefined): string[] {
  const { id, app, environment, isBroadcast, state, counts, createdAt, startedAt, finishedAt } = report
  const kind = [environment, isBroadcast === true ? 'broadcast' : undefined].filter(
    (each) => each !== undefined,
  )
  const row = (label: string, text: string): string => `${label.padEnd(LABEL_COLUMNS)}${text}`
  const pace = paceText(report)
  const lines = [
    row('Message', id),
    row('App', printable(app) + (kind.length === 0 ? '' : ` (${kind.join(', ')})`)),
    row('State', stateText(state)),
    row('Progress', progressText(counts, columns)),
    row('Outcomes', outcomesText(counts)),
    ...(pace === '' ? [] : [row('Rate', pace)]),
    row('Created', createdAt),
    ...(startedAt === undefined ? [] : [row('Started', startedAt)]),
    ...(finishedAt === undefined ? [] : [row('Finished', finishedAt)]),
  ]
  return [...lines, ...reasonLines([report], columns)]
}

/** Refusals of messages by their reason, with what to do; nothing where there are none. */
export function reasonLines(reports: readonly MessageReport[], columns: number | undefined): string[] {
  const sum: Record<string, number> = {}
  for (const { reasons } of reports) {
    for (const [reason, count] of Object.entries(reasons)) sum[reason] = (sum[reason] ?? 0) + count
  }
  const table = tableOfReasons(sum)
  return table.isEmpty ? [] : ['', ...table.render(columns).map(printable)]
}

/** Messages, one a line. */
export function messageTable(reports: readonly MessageReport[]): string[] {
  if (reports.length === 0) return ['No messages']
  return textTable(
    [
      { title: 'Message' },
      { title: 'App' },
      { title: 'State' },
      { title: 'Done', isRight: true },
      { title: 'Total', isRight: true },
      { title: 'Accepted', isRight: true },
      { title: 'Failed', isRight: true },
      { title: 'Rate', isRight: true },
      { title: 'Left', isRight: true },
    ],
    reports.map((report) => {
      const { id, app, state, counts, rate } = report
      return [
        id,
        printable(app),
        state,
        percentOf(fractionOf(counts)).trimStart(),
        formatCount(counts.total),
        formatCount(counts.accepted),
        formatCount(failedOf(counts)),
        rate === undefined ? '' : rateText(rate),
        timeLeft(report) ?? '',
      ]
    }),
  )
}

/** So many a second. */
export function rateText(rate: number): string {
  return `${formatCount(Math.round(rate))}/s`
}

function fractionOf({ total, pending }: MessageCounts): number {
  return total === 0 ? 0 : (total - pending) / total
}

function progressText(counts: MessageCounts, columns: number | undefined): string {
  const fraction = fractionOf(counts)
  const settled = formatCount(counts.total - counts.pending)
  const text = `${percentOf(fraction).trimStart()}  ${settled} of ${formatCount(counts.total)}`
  const room = Math.min(MAX_BAR_COLUMNS, (columns ?? 0) - LABEL_COLUMNS - text.length - 2)
  return room < 1 ? text : `${drawBar(fraction, room)}  ${text}`
}

function outcomesText(counts: MessageCounts): string {
  const { accepted, refused, expired, unknown, suppressed, cancelled } = counts
  const others = { refused, expired, unknown, suppressed, cancelled }
  const failed = Object.entries(others)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => styleText('yellow', `${formatCount(count)} ${name}`))
  return [styleText('green', `${formatCount(accepted)} accepted`), ...failed].join(', ')
}

function paceText(report: MessageReport): string {
  const { rate } = report
  if (rate === undefined) return ''
  const left = timeLeft(report)
  return `${rateText(rate)}${left === undefined ? '' : `, ${left} left`}`
}

function stateText(state: MessageReport['state']): string {
  if (state === 'done') return styleText('green', state)
  return state === 'paused' || state === 'cancelled' ? styleText('yellow', state) : state
}
