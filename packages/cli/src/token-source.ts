import { createReadStream, statSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { type ColumnPlan, planColumn, valueAt } from './csv-column.js'
import { readDeviceToken } from './device-token.js'
import { type LineBatch, readLines } from './line-reader.js'
import { TokenSet } from './token-set.js'
import { messageOf, UsageError } from './usage-error.js'

/** Where device tokens come from. */
export interface TokenSource {
  /** What to call it in messages. */
  readonly name: string
  /** What a place in it is called: `line` or `argument`. */
  readonly unit: 'line' | 'argument'
  /** Its size in bytes, or in arguments; undefined for a pipe. */
  readonly size: number | undefined
  /** Starts at the beginning; again, where the source is repeatable. Fails when the signal is aborted. */
  open(signal: AbortSignal): AsyncIterable<LineBatch>
  readonly isRepeatable: boolean
  /** A single value for each place, rather than lines that may be comments or have columns. */
  readonly isPlain: boolean
}

/** Tokens that were given as arguments. */
export function tokensFromArguments(tokens: readonly string[]): TokenSource {
  return {
    name: 'the arguments',
    unit: 'argument',
    size: tokens.length,
    isRepeatable: true,
    isPlain: true,
    async *open() {
      yield { lines: tokens, first: 1, bytesRead: tokens.length }
    },
  }
}

/** A text file of tokens. */
export function tokensFromFile(path: string): TokenSource {
  let size: number | undefined
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) throw new UsageError(`${path} is a directory, not a list of tokens`)
    // A pipe or a device says 0, whatever it holds, and can be read once.
    size = stat.isFile() ? stat.size : undefined
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`cannot read the tokens: ${messageOf(error)}`)
  }
  return {
    name: path,
    unit: 'line',
    size,
    isRepeatable: size !== undefined,
    isPlain: false,
    open: (signal) => readLines(createReadStream(path, { signal })),
  }
}

/** Tokens that are piped in. */
export function tokensFromStream(stream: Readable): TokenSource {
  return {
    name: 'standard input',
    unit: 'line',
    size: undefined,
    isRepeatable: false,
    isPlain: false,
    open: (signal) => readLines(addAbortSignal(signal, stream)),
  }
}

export interface TokenReadOptions {
  /** The column that holds the tokens: its header's name, or its number from 1. Default: found by itself. */
  readonly column?: string | undefined
  /** Sends to a token as often as it stands in the list. */
  readonly keepDuplicates?: boolean | undefined
}

/** What a list held besides tokens. */
export interface TokenReadReport {
  /** Lines that should have held a token. */
  wrongLines: number
  duplicates: number
  /** Whether so many different tokens were read that later duplicates were not noticed. */
  duplicatesUnnoticed: boolean
}

/** Called with each place that should have held a token, counted from 1. */
export type OnWrongLine = (place: number, problem: string) => void

/** The tokens of some lines that follow one another, and how much of the source they bring us through. */
export interface TokenBatch {
  readonly tokens: readonly string[]
  readonly bytesRead: number
}

/** Reads tokens, one for each line that is neither blank nor a comment (`# …`), each token once. */
export class TokenReader {
  readonly report: TokenReadReport = { wrongLines: 0, duplicates: 0, duplicatesUnnoticed: false }
  readonly #source: TokenSource
  readonly #options: TokenReadOptions
  readonly #onWrongLine: OnWrongLine
  readonly #seen: TokenSet | undefined
  #plan: ColumnPlan | undefined

  constructor(source: TokenSource, options: TokenReadOptions, onWrongLine: OnWrongLine) {
    this.#source = source
    this.#options = options
    this.#onWrongLine = onWrongLine
    this.#seen = options.keepDuplicates === true ? undefined : new TokenSet()
    if (source.isPlain) this.#plan = { kind: 'whole-line', skipFirst: false }
  }

  /**
   * Reads the source to its end, or until the signal is aborted.
   *
   * @throws {UsageError} when the source cannot be read, or the tokens' column cannot be told
   */
  async *batches(signal: AbortSignal): AsyncGenerator<TokenBatch, void, undefined> {
    try {
      for await (const { lines, first, bytesRead } of this.#source.open(signal)) {
        const tokens: string[] = []
        for (const [index, line] of lines.entries()) {
          const token = this.#tokenOf(line, first + index)
          if (token !== undefined) tokens.push(token)
        }
        yield { tokens, bytesRead }
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof UsageError) throw new UsageError(`${this.#source.name}: ${error.message}`)
      throw new UsageError(`cannot read the tokens from ${this.#source.name}: ${messageOf(error)}`)
    }
  }

  #tokenOf(line: string, place: number): string | undefined {
    const isIgnored = line.trim() === '' || line.trimStart().startsWith('#')
    if (isIgnored && !this.#source.isPlain) return undefined
    if (this.#plan === undefined) {
      this.#plan = planColumn(line, this.#options.column)
      if (this.#plan.skipFirst) return undefined
    }
    const value =
      this.#plan.kind === 'whole-line' ? line : valueAt(line, this.#plan.delimiter, this.#plan.index)
    const reading = value === undefined ? { problem: 'has too few columns' } : readDeviceToken(value)
    if ('problem' in reading) {
      this.report.wrongLines++
      this.#onWrongLine(place, reading.problem)
      return undefined
    }
    return this.#isRepeated(reading.token) ? undefined : reading.token
  }

  #isRepeated(token: string): boolean {
    if (this.#seen === undefined) return false
    if (this.#seen.isFull) this.report.duplicatesUnnoticed = true
    if (this.#seen.add(token)) return false
    this.report.duplicates++
    return true
  }
}
