import type { DeadTokenReport } from './feedback-page.js'

/** How dead tokens are written. */
export interface FeedbackFormat {
  /** Before the first. */
  readonly header: string
  line(report: DeadTokenReport): string
}

/** As the API has them. */
export const FEEDBACK_NDJSON: FeedbackFormat = { header: '', line: (report) => `${JSON.stringify(report)}\n` }

const COLUMNS = [
  'token',
  'when',
  'app',
  'environment',
  'reason',
  'messageId',
  'recordedAt',
  'cursor',
] as const satisfies readonly (keyof DeadTokenReport)[]

/** RFC 4180, with the line ends that a shell expects. */
export const FEEDBACK_CSV: FeedbackFormat = {
  header: `${COLUMNS.join(',')}\n`,
  line: (report) => `${COLUMNS.map((column) => csvField(report[column] ?? '')).join(',')}\n`,
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
