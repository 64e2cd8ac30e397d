import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fitAlert, Message, MessageError } from 'apns-worker'
import fc from 'fast-check'
import { printedSeed } from '../protocol/http2/support/seed.js'

const SEED = printedSeed()

const encode = (payload: object): number => Buffer.byteLength(JSON.stringify(payload))
const graphemesOf = (text: string): string[] =>
  Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment)

/** Whether it has no half of a surrogate pair. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)

/** The size of a payload whose body is the given one. */
const sizeWith = (body: string): number => encode({ aps: { alert: { body } } })

function bodyFittedTo(limit: number, body: string, ellipsis?: string): string {
  return fitAlert({ aps: { alert: { body } } }, limit, { ellipsis }).payload.aps.alert.body
}

function refuses(run: () => unknown, code: string, ...parts: readonly string[]): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof MessageError, String(error))
    assert.equal(error.code, code)
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" says ${part}`)
    return true
  })
}

describe('fitAlert', () => {
  it('gives back the payload itself if it fits', () => {
    const payload = { aps: { alert: 'x'.repeat(4096 - encode({ aps: { alert: '' } })) } }
    const fitted = fitAlert(payload)
    assert.equal(fitted.payload, payload)
    assert.equal(fitted.payloadBytes, 4096)
    assert.deepEqual(fitted.cut, { text: '', graphemes: 0, bytes: 0 })
  })

  it('shortens an alert that is a string, says what it cut, and leaves the original alone', () => {
    const payload = { aps: { alert: 'one two three', badge: 1 }, id: 7 }
    const copy = structuredClone(payload)
    const fitted = fitAlert(payload, encode(payload) - 2)
    // The mark takes three bytes; the space before it goes.
    assert.deepEqual(fitted.payload, { aps: { alert: 'one two…', badge: 1 }, id: 7 })
    assert.deepEqual(fitted.cut, { text: ' three', graphemes: 6, bytes: 6 })
    assert.equal(fitted.payloadBytes, encode(fitted.payload))
    assert.deepEqual(payload, copy)
  })

  it('shortens the body of an alert, and nothing else in it', () => {
    const payload = { aps: { alert: { title: 'a title of some length', body: 'a body' }, sound: 'default' } }
    const { payload: fitted } = fitAlert(payload, encode(payload) - 2)
    assert.deepEqual(fitted, {
      aps: { alert: { title: 'a title of some length', body: 'a…' }, sound: 'default' },
    })
  })

  it('counts bytes as they are sent: escapes, and the dates of a Live Activity', () => {
    assert.equal(bodyFittedTo(sizeWith('""""…'), '""""""'), '""""…')
    assert.equal(bodyFittedTo(sizeWith('\n\n\u0001…') + 5, '\n\n\u0001\u0001\u0001'), '\n\n\u0001…')
    assert.equal(fitAlert({ aps: { alert: 'aé"' } }, encode({ aps: { alert: 'a' } })).cut.bytes, 4)
    const live = { aps: { timestamp: new Date(), alert: { title: 'a', body: 'body' } } }
    const bytes = encode({ aps: { ...live.aps, timestamp: 1_700_000_000 } })
    assert.equal(fitAlert(live, bytes).payload, live)
    assert.equal(fitAlert(live, bytes - 1).payload.aps.alert.body, '…')
  })

  it('keeps together what a reader sees as one character', () => {
    const family = '👩‍👩‍👧‍👦'
    assert.equal(bodyFittedTo(sizeWith(`${family}…`) + 24, family.repeat(3)), `${family}…`)
    assert.equal(bodyFittedTo(sizeWith('e…'), 'ee\u0301\u0302eee'), 'e…')
    assert.equal(bodyFittedTo(sizeWith('🇩🇪…') + 4, '🇩🇪🇫🇷🇮🇹'), '🇩🇪…')
    assert.equal(bodyFittedTo(sizeWith('שלום…'), 'שלום עולם'), 'שלום…')
  })

  it('takes another mark, or none, and leaves it out where there is no room for it', () => {
    assert.equal(bodyFittedTo(sizeWith('abc [more]'), 'abcdefghijklm', ' [more]'), 'abc [more]')
    assert.equal(bodyFittedTo(sizeWith('abc'), 'abcdef', ''), 'abc')
    assert.equal(bodyFittedTo(sizeWith('ab'), 'abcdef'), 'ab')
    assert.equal(bodyFittedTo(sizeWith(''), 'abcdef'), '')
  })

  it('refuses what does not fit without its body either', () => {
    const payload = { aps: { alert: 'hello' }, data: 'x'.repeat(5000) }
    refuses(
      () => fitAlert(payload),
      'PAYLOAD_TOO_LARGE',
      String(encode({ ...payload, aps: { alert: '' } })),
      '4096',
    )
    assert.equal(fitAlert(payload, 5120).payload, payload)
  })

  it('refuses what has no body, and is too large', () => {
    const data = 'x'.repeat(5000)
    for (const aps of [
      {},
      { alert: null },
      { alert: { 'loc-key': 'k' } },
      { alert: { body: { 'loc-key': 'k' } } },
      null,
    ])
      refuses(() => fitAlert({ aps, data }), 'PAYLOAD_TOO_LARGE', 'no alert body')
    refuses(() => fitAlert({ data }), 'PAYLOAD_TOO_LARGE', 'no alert body')
    // A copy of these would say something else in JSON.
    const text = { alert: { body: data, toJSON: () => ({ body: data }) } }
    for (const aps of [text, { alert: data, toJSON: () => text }])
      refuses(() => fitAlert({ aps }), 'PAYLOAD_TOO_LARGE', 'no alert body')
  })

  it('refuses what is no payload, no limit, and no mark', () => {
    refuses(() => fitAlert('hello' as unknown as object), 'BAD_PAYLOAD')
    refuses(() => fitAlert({ aps: { badge: 1n } }), 'BAD_PAYLOAD', 'payload.aps.badge')
    refuses(() => fitAlert({}, Number.NaN), 'BAD_OPTION', 'limit')
    refuses(() => fitAlert({}, 10, { ellipsis: 3 as unknown as string }), 'BAD_OPTION', 'ellipsis')
  })

  it('makes of any alert one that a message takes', () => {
    const { payload } = fitAlert({ aps: { alert: '🎉'.repeat(2000) } })
    assert.ok(new Message([], payload).encodedPayload.length > 4090)
  })
})

describe('fitAlert, with any text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '👩‍👩‍👧‍👦',
      '🏳️‍🌈',
      '👍🏽',
      '🇩🇪',
      'e\u0301',
      'g\u0308\u0323',
      'שָׁלוֹם',
      'مرحبا',
      '\u202e',
      '\u0600 ',
      'क्षि',
      '각',
    ),
    fc.constantFrom(
      '"',
      '\\',
      '\n',
      '\r\n',
      '\t',
      '\u0000',
      '\u2028',
      '/',
      ' ',
      '\u00a0',
      '\ufeff',
      '\u200d',
      '\u0301',
    ),
    fc.constantFrom('\ud83d', '\udc69'),
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.string({ maxLength: 5 }),
  )
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))

  it('cuts between graphemes, as late as it fits, and loses nothing', () => {
    const property = fc.property(
      text,
      fc.nat(400),
      fc.constantFrom('…', '', '...', '"'),
      (body, limit, ellipsis) => {
        const payload = { aps: { alert: { title: 't', body } } }
        const bytesOf = (shorter: string): number => encode({ aps: { alert: { title: 't', body: shorter } } })
        if (limit < bytesOf('')) return
        const { payload: fitted, payloadBytes, cut } = fitAlert(payload, limit, { ellipsis })
        assert.equal(payloadBytes, encode(fitted))
        assert.ok(payloadBytes <= limit)
        const mark = cut.text === '' || bytesOf(ellipsis) > limit ? '' : ellipsis
        const kept = fitted.aps.alert.body.slice(0, fitted.aps.alert.body.length - mark.length)
        assert.equal(kept + mark, fitted.aps.alert.body)
        assert.equal(kept + cut.text, body)
        const graphemes = graphemesOf(body)
        const keptCount = graphemes.length - cut.graphemes
        assert.equal(graphemes.slice(0, keptCount).join(''), kept)
        assert.ok(isWellFormed(fitted.aps.alert.body) || !isWellFormed(body))
        if (cut.text === '') return
        // One more word would not have fitted: all the white space that was dropped, and a grapheme.
        const more = graphemes.findIndex((grapheme, index) => index >= keptCount && grapheme.trim() !== '')
        const longer = more === -1 ? body : graphemes.slice(0, more + 1).join('')
        assert.ok(bytesOf(longer + mark) > limit)
      },
    )
    fc.assert(property, { seed: SEED, numRuns: 500 })
  })
})
