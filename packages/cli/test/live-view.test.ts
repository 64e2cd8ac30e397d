import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { LiveView } from '#src/live-view.js'

const ESCAPE = '\u001b'

/** As much of a terminal as the view uses, with what it shows. */
class Terminal {
  columns = 20
  rows = 6
  readonly shown: string[] = ['$ watch']
  isCursorHidden = false
  writes = 0
  #row = 1

  write(text: string): void {
    this.writes++
    const parts = text.match(new RegExp(`${ESCAPE}\\[[?\\d;]*[A-Za-z]|\r|\n|[^${ESCAPE}\r\n]+`, 'gu')) ?? []
    for (const part of parts) this.#obey(part)
  }

  #obey(part: string): void {
    const up = new RegExp(`^${ESCAPE}\\[(\\d+)A$`).exec(part)?.[1]
    if (up !== undefined) this.#row -= Number(up)
    else if (part === `${ESCAPE}[2K`) this.shown[this.#row] = ''
    else if (part === `${ESCAPE}[J`) this.shown.length = this.#row
    else if (part === `${ESCAPE}[2J`) this.shown.length = 0
    else if (part === `${ESCAPE}[H`) this.#row = 0
    else if (part === `${ESCAPE}[?25l`) this.isCursorHidden = true
    else if (part === `${ESCAPE}[?25h`) this.isCursorHidden = false
    else if (part === '\n') this.#row++
    else if (part !== '\r' && !part.endsWith('m')) this.shown[this.#row] += part
    assert.ok(this.#row >= 0 && this.#row < this.rows + 1, 'the cursor stays on the screen')
  }
}

test('what is drawn again takes the place of what was there, longer or shorter', () => {
  const terminal = new Terminal()
  const view = new LiveView(terminal)
  view.draw(['one', 'two', 'three'])
  assert.equal(terminal.isCursorHidden, true)
  view.draw(['1'])
  assert.deepEqual(terminal.shown, ['$ watch', '1'])
  view.draw([])
  view.draw(['a', 'b'])
  assert.deepEqual(terminal.shown, ['$ watch', 'a', 'b'])
  const { writes } = terminal
  view.draw(['a', 'b'])
  assert.equal(terminal.writes, writes, 'what is the same is not drawn again')
  view.close()
  assert.deepEqual([terminal.isCursorHidden, terminal.shown], [false, ['$ watch', 'a', 'b']])
})

test('what has no room is left out: a line never wraps, and the screen never scrolls', () => {
  const terminal = new Terminal()
  const view = new LiveView(terminal)
  view.draw([
    `${ESCAPE}[32m${'x'.repeat(30)}${ESCAPE}[39m`,
    ...Array.from({ length: 8 }, (_, index) => `${index}`),
  ])
  assert.deepEqual(terminal.shown.slice(1), ['x'.repeat(19), '0', '1', '2', '… 5 more lines'])
  terminal.columns = 10
  view.draw(['y'.repeat(30)])
  assert.deepEqual(terminal.shown, ['y'.repeat(9)], 'at another width it begins anew')
})

test('a line that is cut keeps its colours, and ends them', () => {
  const written: string[] = []
  const view = new LiveView({ columns: 5, rows: 5, write: (text: string) => written.push(text) })
  view.draw([`${ESCAPE}[32mabcdefgh${ESCAPE}[39m ij`])
  assert.ok(written[0]?.includes(`${ESCAPE}[32mabcd${ESCAPE}[39m\n`), JSON.stringify(written))
  assert.match(stripVTControlCharacters(written.join('')), /^abcd\n$/)
})
