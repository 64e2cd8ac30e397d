import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { decodeCursor, encodeCursor } from '#src/feedback/cursor.js'

describe('a cursor', () => {
  it('is read as it was written, by every later release', () => {
    // Callers keep them: these texts are for ever.
    const known = [
      [0, 'AQAAAAAAAAAARV7J'],
      [1, 'AQAAAAAAAAAB0VWe'],
      [Number.MAX_SAFE_INTEGER, 'AQAf________LjCb'],
    ] as const
    for (const [position, text] of known) {
      assert.equal(encodeCursor(position), text)
      assert.equal(decodeCursor(text), position)
    }
  })

  it('is the same text, and is read back, at every place', () => {
    for (let position = 1; position < 2 ** 52; position = position * 3 + 1) {
      assert.equal(decodeCursor(encodeCursor(position)), position)
    }
  })

  it('is nothing that was mistyped, invented, or comes from elsewhere', () => {
    const text = encodeCursor(123_456)
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      assert.equal(decodeCursor(text.slice(0, at) + other + text.slice(at + 1)), undefined)
    }
    const wrong = [
      '',
      '0',
      '17',
      text.slice(1),
      `${text}A`,
      `${text} `,
      `${text}\n`,
      ` ${text}`,
      '=',
      'é'.repeat(16),
    ]
    for (const cursor of wrong) assert.equal(decodeCursor(cursor), undefined, cursor)
  })

  it('is none of a later format, though it be whole', () => {
    const bytes = Buffer.from(encodeCursor(1), 'base64url')
    bytes[0] = 2
    const check = createHash('sha256').update('dead tokens').update(bytes.subarray(0, 9)).digest()
    check.copy(bytes, 9, 0, 3)
    assert.equal(decodeCursor(bytes.toString('base64url')), undefined)
  })

  it('is no place beyond those that can be counted', () => {
    assert.equal(decodeCursor(encodeCursor(2 ** 60)), undefined)
  })
})
