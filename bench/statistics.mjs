/**
 * @param {readonly number[]} values at least one
 * @returns {number} the middle value, or the mean of the two in the middle
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Each figure's median over the rounds.
 *
 * @template {Record<string, number>} Figures
 * @param {readonly Figures[]} rounds at least one
 */
export function medians(rounds) {
  return eachFigure(rounds, median)
}

/**
 * Each figure's lowest over the rounds: a busy machine only ever adds.
 *
 * @template {Record<string, number>} Figures
 * @param {readonly Figures[]} rounds at least one
 */
export function lowest(rounds) {
  return eachFigure(rounds, (values) => Math.min(...values))
}

/**
 * @template {Record<string, number>} Figures
 * @param {readonly Figures[]} rounds
 * @param {(values: readonly number[]) => number} combine
 * @returns {Figures}
 */
function eachFigure(rounds, combine) {
  const names = Object.keys(rounds[0])
  return /** @type {Figures} */ (
    Object.fromEntries(names.map((name) => [name, combine(rounds.map((figures) => figures[name]))]))
  )
}

/**
 * @param {ArrayLike<number>} sorted in ascending order, at least one
 * @param {number} share 0 to 1
 * @returns {number} the smallest value that so large a share of them does not exceed
 */
export function percentile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}

/**
 * Each figure's median over the rounds, and the spread of the one that matters most.
 *
 * @param {readonly import('./measure.mjs').Figures[]} rounds
 */
export function summarize(rounds) {
  const middle = /** @param {(figures: import('./measure.mjs').Figures) => number} pick */ (pick) =>
    median(rounds.map(pick))
  const cpu = rounds.map((figures) => figures.cpuMicroseconds)
  return {
    cpuMicroseconds: median(cpu),
    cpuLowest: Math.min(...cpu),
    cpuHighest: Math.max(...cpu),
    userMicroseconds: middle((figures) => figures.userMicroseconds),
    systemMicroseconds: middle((figures) => figures.systemMicroseconds),
    perSecond: middle((figures) => figures.perSecond),
    connections: middle((figures) => figures.connections),
    requestBytes: middle((figures) => figures.requestBytes),
    sinkShare: middle((figures) => figures.sinkShare),
  }
}
