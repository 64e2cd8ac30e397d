export interface TextColumn {
  readonly title: string
  /** Numbers are. */
  readonly isRight?: boolean
}

const GAP = '  '

/** Rows as lines of text, each column as wide as its widest cell; the first line has the titles. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)),
  )
  const lay = (cells: readonly string[]): string =>
    columns
      .map(({ isRight = false }, index) => {
        const cell = cells[index] ?? ''
        const width = widths[index] ?? 0
        return isRight ? cell.padStart(width) : cell.padEnd(width)
      })
      .join(GAP)
      .trimEnd()
  return [lay(columns.map(({ title }) => title)), ...rows.map(lay)]
}
