import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineError, LineSplitter, MAX_LINE_CHARACTERS } from '#src/http/tokens/line-splitter.js'

const linesOf = (chunks: readonly string[]): string[] => {
  const lines: string[] = []
  const splitter = new LineSplitter((line, number) => {
    lines.push(line)
    assert.equal(number, lines.length)
  })
  for (const chunk of chunks) splitter.push(Buffer.from(chunk, 'latin1'))
  splitter.end()
  return lines
}

test('lines are the same, however they arrive', () => {
  const character = fc.constantFrom('a', 'b', '\n', '\r\n', '\n\n')
  fc.assert(
    fc.property(fc.array(fc.array(character, { maxLength: 5 })), (pieces) => {
      const chunks = pieces.map((characters) => characters.join(''))
      const whole = chunks.join('').split(/\r?\n/)
      if (whole.at(-1) === '') whole.pop()
      assert.deepEqual(linesOf(chunks), whole)
    }),
  )
  assert.deepEqual(linesOf(['a\r', '\nb']), ['a', 'b'])
})

test('a line that has no end is not kept until it has one', () => {
  const splitter = new LineSplitter(() => {})
  splitter.push(Buffer.alloc(MAX_LINE_CHARACTERS, 'a'))
  assert.throws(
    () => splitter.push(Buffer.from('a')),
    (error) => error instanceof LineError && error.line === 1,
  )
})
