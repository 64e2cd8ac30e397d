import { stripVTControlCharacters } from 'node:util'

/** A terminal; standard output is one. */
export interface LiveScreen {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
const ESCAPE = '\u001b'
const HIDE_CURSOR = `${ESCAPE}[?25l`
const SHOW_CURSOR = `${ESCAPE}[?25h`
const CLEAR_SCREEN = `${ESCAPE}[2J${ESCAPE}[H`
const CLEAR_LINE = `${ESCAPE}[2K`
const CLEAR_BELOW = `${ESCAPE}[J`
/** A change of colour, or a character. */
const PART = new RegExp(`${ESCAPE}\\[[\\d;]*m|.`, 'gsu')

/**
 * Lines that are drawn over and over in the same place of a terminal. What has no room is left out, since a terminal that breaks
 * lines or scrolls would not be where it is thought to be.
 */
export class LiveView {
  readonly #screen: LiveScreen
  /** Above the cursor. */
  #lines = 0
  #columns = 0
  #drawn: string | undefined

  constructor(screen: LiveScreen) {
    this.#screen = screen
  }

  draw(lines: readonly string[]): void {
    const { columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS } = this.#screen
    const shown = withinRows(lines, rows - 1).map((line) => clip(line, columns - 1))
    const text = shown.map((line) => `${CLEAR_LINE}${line}\n`).join('')
    if (text === this.#drawn && columns === this.#columns) return
    this.#screen.write(this.#start(columns) + text + CLEAR_BELOW)
    this.#drawn = text
    this.#lines = shown.length
    this.#columns = columns
  }

  /** Gives the terminal back; what was drawn stays. */
  close(): void {
    if (this.#drawn !== undefined) this.#screen.write(SHOW_CURSOR)
    this.#drawn = undefined
  }

  #start(columns: number): string {
    if (this.#drawn === undefined) return HIDE_CURSOR
    // At another width the terminal may have broken lines: how many are above is not known.
    if (columns !== this.#columns) return CLEAR_SCREEN
    return this.#lines === 0 ? '\r' : `\r${ESCAPE}[${this.#lines}A`
  }
}

function withinRows(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines
  const room = Math.max(0, rows - 1)
  return [...lines.slice(0, room), `… ${lines.length - room} more lines`].slice(0, Math.max(0, rows))
}

/** Colours take no room. */
function clip(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line
  let width = 0
  let clipped = ''
  for (const [part] of line.matchAll(PART)) {
    if (part.startsWith(ESCAPE)) clipped += part
    else if (width + part.length <= columns) {
      clipped += part
      width += part.length
    } else width = columns
  }
  return clipped
}
