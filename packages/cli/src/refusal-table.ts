/** What a failed notification says about itself; an `ApnsError` has all of it. */
export interface Refusal {
  readonly reason: string
  readonly code: string
  readonly httpStatus?: number | undefined
  readonly description: string
  readonly action: string
}

interface Row {
  readonly reason: string
  readonly status: string
  readonly advice: string
  count: number
}

/** Apple knows some thirty reasons; a server that invents more of them does not fill the memory. */
const MAX_REASONS = 100
const OTHERS = 'other reasons'
const GAP = '  '
const NO_STATUS = '-'
/** Below this width of the advice, wrapping it would be harder to read than a long line. */
const MIN_ADVICE_WIDTH = 24

/** Counts refusals by their reason. */
export class RefusalTable {
  readonly #rows = new Map<string, Row>()

  add(refusal: Refusal, count = 1): void {
    const key = refusal.reason === '' ? refusal.code : refusal.reason
    const row = this.#rows.get(key) ?? this.#insert(key, refusal)
    row.count += count
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0
  }

  /** How many there were of each reason, the most frequent first. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#sorted().map(({ reason, count }) => [reason, count]))
  }

  /**
   * The table as lines of text.
   *
   * @param width of the terminal in columns; undefined for as wide as need be
   */
  render(width?: number): string[] {
    const sorted = this.#sorted()
    const hasStatus = sorted.some(({ status }) => status !== NO_STATUS)
    const cells = (reason: string, status: string, count: string): string[] =>
      hasStatus ? [reason, status, count] : [reason, count]
    const rows = sorted.map(({ reason, status, count, advice }) => ({
      head: cells(reason, status, formatCount(count)),
      advice,
    }))
    const titles = cells('Reason', 'Status', 'Count')
    const widths = titles.map((title, column) =>
      Math.max(title.length, ...rows.map(({ head }) => (head[column] ?? '').length)),
    )
    const lay = (row: readonly string[]) =>
      row
        .map((cell, column) => {
          const size = widths[column] ?? 0
          return column === 0 ? cell.padEnd(size) : cell.padStart(size)
        })
        .join(GAP) + GAP
    const indent = lay(titles.map(() => '')).length
    const room = Math.max(MIN_ADVICE_WIDTH, (width ?? Number.POSITIVE_INFINITY) - indent)
    const lines = [`${lay(titles)}What to do`]
    for (const { head, advice } of rows) {
      for (const [index, part] of wrap(advice, room).entries()) {
        lines.push((index === 0 ? lay(head) : ' '.repeat(indent)) + part)
      }
    }
    return lines.map((line) => line.trimEnd())
  }

  #insert(key: string, { httpStatus, description, action }: Refusal): Row {
    if (this.#rows.size >= MAX_REASONS && key !== OTHERS) {
      return (
        this.#rows.get(OTHERS) ??
        this.#insert(OTHERS, { reason: OTHERS, code: '', description: '', action: '' })
      )
    }
    const advice = [description, action].filter((part) => part !== '').join(' ')
    const row = {
      reason: key,
      status: httpStatus === undefined ? NO_STATUS : String(httpStatus),
      advice,
      count: 0,
    }
    this.#rows.set(key, row)
    return row
  }

  #sorted(): Row[] {
    return [...this.#rows.values()].sort(
      (a, b) => b.count - a.count || a.reason.localeCompare(b.reason, 'en'),
    )
  }
}

/** A number with its thousands apart: `10,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** The lines of a text, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
