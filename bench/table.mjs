/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @returns {string} a Markdown table, aligned; the first column to the left, the others to the right
 */
export function formatTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = /** @param {readonly string[]} cells */ (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? `-${'-'.repeat(width)}-` : `-${'-'.repeat(width)}:`)).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

/**
 * The result of one client: figures, or why there are none.
 *
 * @typedef {object} ClientResult
 * @property {string} name
 * @property {string} title
 * @property {number} count notifications in each round
 * @property {import('./measure.mjs').Figures[]} rounds
 * @property {ReturnType<typeof import('./statistics.mjs').summarize>} [summary]
 * @property {string | undefined} missing
 */

/**
 * @param {readonly ClientResult[]} results
 * @returns {string}
 */
export function formatResults(results) {
  const cpuOf = /** @param {string} name */ (name) =>
    results.find((result) => result.name === name)?.summary?.cpuMicroseconds
  const ours = cpuOf('apns-worker-list')
  const h2load = cpuOf('h2load')
  const head = [
    'client',
    'CPU µs each',
    'lowest to highest',
    'user + system',
    '÷ apns-worker',
    '÷ h2load',
    'each second',
    'connections',
    'bytes sent each',
    'sink busy',
  ]
  const rows = results.flatMap(({ title, summary }) => {
    if (summary === undefined) return []
    return [
      [
        title,
        summary.cpuMicroseconds.toFixed(2),
        `${summary.cpuLowest.toFixed(2)} to ${summary.cpuHighest.toFixed(2)}`,
        `${summary.userMicroseconds.toFixed(2)} + ${summary.systemMicroseconds.toFixed(2)}`,
        ratio(summary.cpuMicroseconds, ours),
        ratio(summary.cpuMicroseconds, h2load),
        Math.round(summary.perSecond).toLocaleString('en'),
        String(summary.connections),
        summary.requestBytes.toFixed(0),
        `${(summary.sinkShare * 100).toFixed(0)} %`,
      ],
    ]
  })
  const missing = results.flatMap(({ title, missing }) =>
    missing === undefined ? [] : [`${title}: ${missing}`],
  )
  return [formatTable(head, rows), ...missing].join('\n')
}

/**
 * @param {number} value
 * @param {number | undefined} base
 */
function ratio(value, base) {
  return base === undefined ? '' : (value / base).toFixed(2)
}
