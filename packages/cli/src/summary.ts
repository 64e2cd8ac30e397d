import { styleText } from 'node:util'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { formatCount } from './refusal-table.js'
import type { Sending } from './sending.js'
import type { StopCause } from './stop-signal.js'
import type { TokenReadReport } from './token-source.js'

/** What there is to say at the end. */
export interface SummaryParts {
  readonly sending: Sending
  readonly read: TokenReadReport
  readonly cause: StopCause | undefined
  readonly seconds: number
}

/** The exit code that a sending earns. */
export function exitCodeOf({ sending, read, cause }: SummaryParts): ExitCode {
  if (cause?.kind === 'configuration') return EXIT_CODE.couldNotRun
  if (cause?.kind === 'interrupted') return EXIT_CODE.interrupted
  const isWhole = sending.failed === 0 && sending.notSent === 0 && read.wrongLines === 0
  return isWhole ? EXIT_CODE.allSent : EXIT_CODE.someFailed
}

/** The summary for programs: one line of JSON. */
export function jsonSummary({ sending, read, cause, seconds }: SummaryParts): string {
  return JSON.stringify({
    tokens: sending.tokens,
    accepted: sending.accepted,
    refused: sending.failed,
    notSent: sending.notSent,
    wrongLines: read.wrongLines,
    duplicates: read.duplicates,
    seconds: Number(seconds.toFixed(3)),
    reasons: sending.refusals.counts(),
    stopped: cause?.kind ?? null,
    error: cause?.kind === 'configuration' ? cause.error.message : null,
  })
}

/**
 * The summary for people.
 *
 * @param width of the terminal in columns; undefined when there is none
 */
export function textSummary(
  { sending, read, cause, seconds }: SummaryParts,
  width: number | undefined,
): string[] {
  const lines: string[] = []
  if (!sending.refusals.isEmpty) lines.push('', ...sending.refusals.render(width), '')
  const settled = sending.accepted + sending.failed
  const rate = seconds > 0 ? `, ${formatCount(Math.round(settled / seconds))} a second` : ''
  const accepted = `${formatCount(sending.accepted)} of ${formatCount(sending.tokens)} accepted`
  const refused = sending.failed > 0 ? `, ${formatCount(sending.failed)} refused` : ''
  const isWhole = sending.accepted === sending.tokens
  lines.push(
    `${styleText(isWhole ? 'green' : 'yellow', accepted + refused)} in ${seconds.toFixed(1)} s${rate}`,
    ...notes({ sending, read, cause }),
  )
  return lines
}

function notes({ sending, read, cause }: Omit<SummaryParts, 'seconds'>): string[] {
  const lines: string[] = []
  if (read.duplicates > 0)
    lines.push(`${count(read.duplicates, 'duplicate')} left out: each token is sent to once`)
  if (read.duplicatesUnnoticed) lines.push('The list was too long to notice every duplicate')
  if (read.wrongLines > 0) lines.push(`${count(read.wrongLines, 'line')} held no device token`)
  if (cause?.kind === 'interrupted') lines.push('Stopped: the rest of the tokens was not read')
  if (sending.notSent > 0) lines.push(`${count(sending.notSent, 'token')} read but not sent`)
  return lines
}

function count(number: number, noun: string): string {
  return `${formatCount(number)} ${noun}${number === 1 ? '' : 's'}`
}
