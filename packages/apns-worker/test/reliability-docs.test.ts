import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

/** Rows of the table in the guide: each has the tests that show it, as `file`: "title", "title"; … */
const rows = read('../../../docs/reliability.md')
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))

function references(cell: string): { file: string; titles: string[] }[] {
  return cell.split(/; (?=`)/).map((part) => {
    const [, file = '', titles = ''] = /^`([^`]+)`: (.*)$/.exec(part.trim()) ?? []
    return { file, titles: [...titles.matchAll(/"([^"]*)"/g)].map(([, title = '']) => title) }
  })
}

test('the guide to reliability has a test for every fault', () => {
  const numbers = rows.map((row) => Number(/^\| (\d+) \|/.exec(row)?.[1]))
  assert.deepEqual(
    numbers,
    Array.from({ length: 38 }, (_, index) => index + 1),
  )
})

for (const row of rows) {
  // | number | fault | what happens | tests |
  const [number = '', , , shown = ''] = row.slice(2, -2).split(' | ')
  test(`the tests that the guide names for fault ${number} are there`, () => {
    for (const { file, titles } of references(shown)) {
      assert.ok(titles.length > 0, `no title for ${file} in: ${shown}`)
      const source = read(`../test/${file}`)
      for (const title of titles) {
        // A title with a variable part is a template in the source, with these pieces around it.
        for (const piece of title.split('…').filter((each) => each.trim() !== '')) {
          assert.ok(source.includes(piece.trim()), `${file} has no test with "${piece.trim()}"`)
        }
      }
    }
  })
}
