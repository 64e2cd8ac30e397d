/** At most so many changes make a slip; more make another word. */
const MAX_SLIPS = 2

/** Which of the known names was meant, most likely; undefined if none is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const written = bare(name)
  let best: string | undefined
  let fewest = Math.min(MAX_SLIPS, Math.floor(written.length / 3)) + 1
  for (const candidate of known) {
    const slips = distance(written, bare(candidate))
    if (slips < fewest) [best, fewest] = [candidate, slips]
  }
  return best
}

/** The same for `keyID`, `key_id` and `key-id`; a name that is too long to be meant is cut. */
function bare(name: string): string {
  return name.slice(0, 100).toLowerCase().replaceAll(/[_-]/g, '')
}

/** How many letters have to be added, removed, changed, or exchanged with their neighbour (optimal string alignment). */
function distance(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const at = (line: readonly number[], index: number): number => line[index] ?? Number.POSITIVE_INFINITY
      const isSame = one[row - 1] === other[column - 1]
      const isExchanged =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (isSame ? 0 : 1),
          isExchanged ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    beforeLast = last
    last = current
  }
  return last.at(-1) ?? 0
}
