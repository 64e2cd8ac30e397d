import { styleText } from 'node:util'
import { formatCount } from './refusal-table.js'

/** How far the sending is. */
export interface ProgressState {
  readonly accepted: number
  readonly failed: number
  /** How much of the input has been read, from 0 to 1; undefined when its size is not known. */
  readonly fraction: number | undefined
}

/** Where progress is shown; standard error is one. */
export interface ProgressScreen {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Often enough to look alive, seldom enough to cost nothing. */
const REDRAW_MS = 100
/** In a log, where each is a line that stays. */
const PLAIN_LINE_MS = 1_000
const DEFAULT_COLUMNS = 80
const MAX_BAR_COLUMNS = 40
const MIN_BAR_COLUMNS = 8
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_LINE = '\r\u001b[2K'

/**
 * The progress of a sending: on a terminal a bar that is drawn over and over on one line, elsewhere a plain line now
 * and then. It has no timer: it draws when it is told of something new and enough time has passed.
 */
export class Progress {
  readonly #screen: ProgressScreen
  readonly #now: () => number
  readonly #startedMs: number
  #drawnMs: number
  #isShown = false

  /** @param now a clock in milliseconds */
  constructor(screen: ProgressScreen, now: () => number) {
    this.#screen = screen
    this.#now = now
    this.#startedMs = now()
    this.#drawnMs = this.#startedMs
  }

  update(state: ProgressState): void {
    const now = this.#now()
    if (now - this.#drawnMs < (this.#screen.isTTY === true ? REDRAW_MS : PLAIN_LINE_MS)) return
    this.#drawnMs = now
    this.#draw(state)
  }

  /** Writes a line that stays, above the bar. */
  note(line: string): void {
    this.#screen.write(`${this.#isShown ? CLEAR_LINE : ''}${line}\n`)
  }

  /** Gives the terminal back, where it is. */
  abandon(): void {
    if (this.#isShown) this.#screen.write(`\n${SHOW_CURSOR}`)
    this.#isShown = false
  }

  /** Draws the end, and gives the terminal back. */
  finish(state: ProgressState): void {
    this.#draw(state)
    this.abandon()
  }

  #draw(state: ProgressState): void {
    const seconds = (this.#now() - this.#startedMs) / 1_000
    if (this.#screen.isTTY !== true) {
      this.#screen.write(`${plainLine(state, seconds)}\n`)
      return
    }
    const start = this.#isShown ? CLEAR_LINE : `${HIDE_CURSOR}${CLEAR_LINE}`
    this.#isShown = true
    this.#screen.write(start + barLine(state, seconds, this.#screen.columns ?? DEFAULT_COLUMNS))
  }
}

/** What is shown where lines stay. */
export function plainLine(state: ProgressState, seconds: number): string {
  const percent = state.fraction === undefined ? '' : `${percentOf(state.fraction)}  `
  return `${percent}${countsOf(state)}  ${rateOf(state, seconds)}`
}

/** What is shown on a terminal of so many columns; never wider, or the terminal would break the line. */
export function barLine(state: ProgressState, seconds: number, columns: number): string {
  const accepted = `${formatCount(state.accepted)} accepted`
  const failed = `${formatCount(state.failed)} refused`
  const rate = rateOf(state, seconds)
  const percent = state.fraction === undefined ? '' : `${percentOf(state.fraction)} `
  const plain = `${percent}${accepted}  ${failed}  ${rate}`
  const room = Math.min(MAX_BAR_COLUMNS, columns - plain.length - 2)
  if (plain.length >= columns) return plain.slice(0, Math.max(0, columns - 1))
  const bar =
    state.fraction === undefined || room < MIN_BAR_COLUMNS ? '' : `${drawBar(state.fraction, room)} `
  const paintedFailed = state.failed === 0 ? failed : styleText('yellow', failed)
  return `${bar}${percent}${styleText('green', accepted)}  ${paintedFailed}  ${styleText('dim', rate)}`
}

/** A bar of so many columns, filled as far as the fraction says. */
export function drawBar(fraction: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * columns)
  return styleText('cyan', '█'.repeat(full)) + styleText('dim', '░'.repeat(columns - full))
}

/** A fraction in per cent, four columns wide; all of it only when nothing is left. */
export function percentOf(fraction: number): string {
  return `${Math.floor(Math.min(1, fraction) * 100)}%`.padStart(4)
}

function countsOf({ accepted, failed }: ProgressState): string {
  return `${formatCount(accepted)} accepted, ${formatCount(failed)} refused`
}

function rateOf({ accepted, failed }: ProgressState, seconds: number): string {
  const rate = seconds > 0 ? Math.round((accepted + failed) / seconds) : 0
  return `${formatCount(rate)}/s`
}
