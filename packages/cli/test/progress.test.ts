import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { barLine, Progress, type ProgressState, plainLine } from '#src/progress.js'
import { RefusalTable } from '#src/refusal-table.js'

const half: ProgressState = { accepted: 4_900, failed: 100, fraction: 0.5 }

function screenOf(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, columns: 80, written, write: (text: string) => written.push(text) }
}

test('a bar never fills its line, on a terminal of any width', () => {
  for (let columns = 1; columns <= 200; columns++) {
    for (const state of [
      half,
      { ...half, fraction: undefined },
      { accepted: 12_345_678, failed: 9_876_543, fraction: 1 },
    ]) {
      const shown = stripVTControlCharacters(barLine(state, 1.5, columns))
      assert.ok(shown.length < columns, `${columns}: ${shown}`)
    }
  }
  assert.match(
    stripVTControlCharacters(barLine(half, 2, 100)),
    /^█{20}░{20} {2}50% 4,900 accepted {2}100 refused {2}2,500\/s$/,
  )
})

test('a plain line says the same in words', () => {
  assert.equal(plainLine(half, 2), ' 50%  4,900 accepted, 100 refused  2,500/s')
  assert.equal(plainLine({ ...half, fraction: undefined }, 0), '4,900 accepted, 100 refused  0/s')
})

test('on a terminal one line is drawn over, ten times a second at most, and the cursor comes back', () => {
  let now = 0
  const screen = screenOf(true)
  const progress = new Progress(screen, () => now)
  for (; now < 1_000; now++) progress.update(half)
  assert.ok(screen.written.length >= 8 && screen.written.length <= 10, String(screen.written.length))
  assert.ok(screen.written[0]?.startsWith('\u001b[?25l'))
  progress.note('a note')
  assert.equal(screen.written.at(-1), '\r\u001b[2Ka note\n')
  progress.finish({ ...half, fraction: 1 })
  assert.equal(screen.written.at(-1), '\n\u001b[?25h')
  assert.equal(screen.written.join('').split('\n').length, 3)
})

test('elsewhere there are plain lines, one a second at most, without control characters', () => {
  let now = 0
  const screen = screenOf(false)
  const progress = new Progress(screen, () => now)
  for (; now < 3_500; now += 10) progress.update(half)
  progress.note('a note')
  progress.finish({ ...half, fraction: 1 })
  assert.equal(screen.written.length, 5)
  const text = screen.written.join('')
  assert.equal(text, stripVTControlCharacters(text))
  assert.ok(!text.includes('\r'))
  assert.match(screen.written.at(-1) ?? '', /^100% {2}4,900 accepted/)
})

const unregistered = {
  reason: 'Unregistered',
  code: 'refused',
  httpStatus: 410,
  description: 'The device token is no longer active for the topic.',
  action: 'Delete the token, unless the device registered again after the timestamp.',
}
const late = { reason: '', code: 'expired', description: 'Too late.', action: '' }

test('the table of refusals is sorted by count, aligned, and as wide as the terminal', () => {
  const table = new RefusalTable()
  assert.equal(table.isEmpty, true)
  table.add(late)
  for (let count = 0; count < 1_200; count++) table.add(unregistered)
  assert.deepEqual(table.counts(), { Unregistered: 1_200, expired: 1 })
  assert.deepEqual(table.render(), [
    'Reason        Status  Count  What to do',
    `Unregistered     410  1,200  ${unregistered.description} ${unregistered.action}`,
    'expired            -      1  Too late.',
  ])
  const narrow = table.render(60)
  assert.ok(narrow.every((line) => line.length <= 60))
  assert.equal(narrow[1], 'Unregistered     410  1,200  The device token is no longer')
  assert.equal(narrow[2], '                             active for the topic. Delete')
})

test('a server that makes up reasons does not fill the memory', () => {
  const table = new RefusalTable()
  for (let count = 0; count < 1_000; count++) table.add({ ...unregistered, reason: `Reason${count}` })
  assert.equal(table.render().length, 102)
  assert.equal(table.counts()['other reasons'], 900)
})
