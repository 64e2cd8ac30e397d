import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

/** Rows of the tables of the page; the tests that show them are in the last cell: `file`: "title", "title"; … */
const rows = read('../../../docs/comparison.md')
  .split('\n')
  .filter((line) => /^\| (?!-|.*\| test \|$)/.test(line))
  .map((line) => line.slice(2, -2).split(' | '))

function references(cell: string): { file: string; titles: string[] }[] {
  return cell.split(/; (?=`)/).map((part) => {
    const [, file = '', titles = ''] = /^`([^`]+)`: (.*)$/.exec(part.trim()) ?? []
    return { file, titles: [...titles.matchAll(/"([^"]*)"/g)].map(([, title = '']) => title) }
  })
}

/** What is not there has no test, and a figure is no promise. */
const WITHOUT_TEST = ['web page', 'Node.js', 'published figures']

test('the page has a test for every feature that is here', () => {
  assert.ok(rows.length > 60, String(rows.length))
  const without = rows.filter((cells) => cells.at(-1) === '–').map(([what]) => what)
  assert.deepEqual(without, WITHOUT_TEST)
})

for (const cells of rows) {
  const [what = ''] = cells
  if (WITHOUT_TEST.includes(what)) continue
  test(`the tests that the page names for "${what}" are there`, () => {
    for (const { file, titles } of references(cells.at(-1) ?? '')) {
      assert.ok(titles.length > 0, `no title for ${file}`)
      const source = read(`../../${file}`)
      for (const title of titles) {
        // A title with a variable part is a template in the source, with these pieces around it.
        const pieces = title.split('…').filter((each) => each.trim() !== '')
        assert.ok(pieces.length > 0, `a title for ${file} says nothing`)
        for (const piece of pieces)
          assert.ok(source.includes(piece.trim()), `${file} has no test with "${piece.trim()}"`)
      }
    }
  })
}
