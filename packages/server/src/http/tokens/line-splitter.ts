/** Longer than any token with the time of its registration. */
export const MAX_LINE_CHARACTERS = 1024

/** A line of a list that is not what it should be. */
export class LineError extends Error {
  /** From 1. */
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line} ${message}`)
    this.name = 'LineError'
    this.line = line
  }
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf'

/** Cuts text that arrives in pieces into lines, which end with LF or CRLF. No byte is lost: what is not ASCII stays wrong. */
export class LineSplitter {
  readonly #onLine: (line: string, number: number) => void
  #rest = ''
  #number = 0

  constructor(onLine: (line: string, number: number) => void) {
    this.#onLine = onLine
  }

  /** @throws {LineError} and whatever `onLine` throws; it is of no use then */
  push(chunk: Buffer): void {
    const text = this.#rest + chunk.toString('latin1')
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#tell(text.slice(start, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end))
      start = end + 1
    }
    this.#rest = text.slice(start)
    if (this.#rest.length > MAX_LINE_CHARACTERS) throw tooLong(this.#number + 1)
  }

  /** The text has ended: its last line may have no end of its own. */
  end(): void {
    const rest = this.#rest.replace(/\r$/, '')
    this.#rest = ''
    if (rest !== '') this.#tell(rest)
  }

  #tell(line: string): void {
    const number = ++this.#number
    if (line.length > MAX_LINE_CHARACTERS) throw tooLong(number)
    this.#onLine(number === 1 && line.startsWith(BYTE_ORDER_MARK) ? line.slice(3) : line, number)
  }
}

function tooLong(line: number): LineError {
  return new LineError(line, `is longer than ${MAX_LINE_CHARACTERS} characters`)
}
