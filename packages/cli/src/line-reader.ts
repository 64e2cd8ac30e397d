import { StringDecoder } from 'node:string_decoder'
import { UsageError } from './usage-error.js'

/** No line of a token list comes near; a file without line ends is not read into memory whole. */
const MAX_LINE_CHARACTERS = 65_536

/** Some lines of a text that follow one another. */
export interface LineBatch {
  readonly lines: readonly string[]
  /** The number of the first one, counted from 1. */
  readonly first: number
  /** How many bytes of the text have been read, these lines included. */
  readonly bytesRead: number
}

/**
 * The lines of a text in UTF-8, without their ends (LF or CRLF) and without a byte order mark. They come in batches,
 * one for each chunk of input, since a turn of the event loop for each of ten million lines would take longer than
 * reading them.
 *
 * @throws {UsageError} for a line of more than 65,536 characters
 */
export async function* readLines(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<LineBatch, void, undefined> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let first = 1
  let bytesRead = 0
  for await (const chunk of input) {
    const atStart = bytesRead === 0
    bytesRead += chunk.length
    const text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    const pieces = (rest + (atStart ? withoutByteOrderMark(text) : text)).split('\n')
    rest = pieces.pop() ?? ''
    assertLineLength(rest, first + pieces.length)
    if (pieces.length === 0) continue
    yield { lines: pieces.map(withoutCarriageReturn), first, bytesRead }
    first += pieces.length
  }
  rest += decoder.end()
  if (rest !== '') yield { lines: [withoutCarriageReturn(rest)], first, bytesRead }
}

function assertLineLength(line: string, number: number): void {
  if (line.length <= MAX_LINE_CHARACTERS) return
  throw new UsageError(
    `line ${number} has more than ${MAX_LINE_CHARACTERS} characters: is this a list of tokens?`,
  )
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
