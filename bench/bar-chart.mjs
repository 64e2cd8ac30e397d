/**
 * Bar charts as SVG text, readable on light and on dark pages: the colours follow the reader's preference, and the chart
 * brings its own background.
 */

const WIDTH = 820
const MARGIN = 24
const LINE = 22
const BAR = 14
/** A little more than a character is wide in the mean, at 13 pixels. */
const CHARACTER = 7
const GAP = 8

const STYLE = `
  svg { font: 13px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif }
  .page { fill: #ffffff } text { fill: #1f2328 } .muted { fill: #59636e } .title { font-size: 17px; font-weight: 600 }
  .group { font-weight: 600 } .small { font-size: 11px }
  .ours, .first { fill: #0969da } .other { fill: #8c959f } .second { fill: #2da44e } .third { fill: #bf8700 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #f0f6fc } .muted { fill: #9198a1 }
    .ours, .first { fill: #4493f8 } .other { fill: #6e7681 } .second { fill: #3fb950 } .third { fill: #d29922 }
  }`

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {number} value its length, from 0
 * @property {string} text the value as it is written beside it
 * @property {'ours' | 'other' | 'first' | 'second' | 'third'} tone
 *
 * @typedef {object} Chart
 * @property {string} title
 * @property {string} subtitle
 * @property {readonly { label?: string, bars: readonly Bar[] }[]} groups
 * @property {readonly string[]} notes below the bars
 */

/**
 * @param {Chart} chart
 * @returns {string} an SVG document
 */
export function barChart({ title, subtitle, groups, notes }) {
  const bars = groups.flatMap((group) => group.bars)
  const left = MARGIN + CHARACTER * Math.max(...bars.map(({ label }) => label.length)) + GAP
  const right = MARGIN + CHARACTER * Math.max(...bars.map(({ text }) => text.length)) + GAP
  const scale = (WIDTH - left - right) / Math.max(...bars.map(({ value }) => value))
  const parts = [text(MARGIN, MARGIN + 14, title, 'title'), text(MARGIN, MARGIN + 36, subtitle, 'muted')]
  let top = MARGIN + 56
  for (const group of groups) {
    if (group.label !== undefined) {
      parts.push(text(MARGIN, top + BAR, group.label, 'group'))
      top += LINE
    }
    for (const bar of group.bars) {
      const width = Math.max(1, bar.value * scale)
      const baseline = top + BAR - 2
      parts.push(
        text(left - GAP, baseline, bar.label, '', 'end'),
        `<rect class="${bar.tone}" x="${left}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
        text(left + width + GAP, baseline, bar.text, 'muted'),
      )
      top += LINE
    }
    top += GAP
  }
  for (const note of notes) {
    parts.push(text(MARGIN, top + BAR, note, 'muted small'))
    top += LINE - 4
  }
  const height = top + MARGIN
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} kind its classes
 */
function text(x, y, content, kind, anchor = 'start') {
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`
}

/** @param {string} content */
function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
