import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  DerError,
  expectTag,
  readChildren,
  readElement,
  readElementAt,
  readInteger,
  readObjectIdentifier,
  readText,
  TAG,
} from '#src/credentials/der.js'
import { readPushCertificate } from '#src/credentials/push-certificate.js'
import { readCertificateFields } from '#src/credentials/x509.js'
import { element, integer, objectIdentifier, sequence, utf8 } from './der-writer.js'
import { APPLE_PUSH, KEYS, MARK, makeCertificate, topicList } from './test-certificates.js'

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

describe('reading DER', () => {
  it('reads nested elements in order', () => {
    const root = readElement(sequence(integer(3), sequence(utf8('a'), utf8('ü'))), TAG.sequence)
    const [version, names] = readChildren(root)
    assert.equal(readInteger(version), 3)
    assert.deepEqual(readChildren(expectTag(names, TAG.sequence)).map(readText), ['a', 'ü'])
  })

  it('reads every form of length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const { content, raw } = readElementAt(element(TAG.octetString, Buffer.alloc(length, 7)), 0)
      assert.equal(content.length, length)
      assert.ok(raw.length > length)
    }
    assert.equal(readElementAt(hex('04 81 02 01 02'), 0).content.length, 2)
  })

  it('reads object identifiers', () => {
    for (const identifier of ['1.2.840.113635.100.6.3.6', '0.9.2342.19200300.100.1.1', '2.5.4.3']) {
      assert.equal(readObjectIdentifier(readElementAt(objectIdentifier(identifier), 0)), identifier)
    }
    assert.equal(readObjectIdentifier(readElementAt(hex('06 02 88 37'), 0)), '2.999')
  })

  it('reads every type of text', () => {
    const texts = ['0c 02 c3 bc', '13 01 61', '16 01 61', '14 01 fc', '1e 02 00 fc', '02 01 61'].map((text) =>
      readText(readElementAt(hex(text), 0)),
    )
    assert.deepEqual(texts, ['ü', 'a', 'a', 'ü', 'ü', undefined])
  })

  it('says what is wrong with', () => {
    const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
      ['nothing at all', () => readElementAt(hex(''), 0), /cut off/],
      ['a tag without a length', () => readElementAt(hex('30'), 0), /cut off/],
      ['a cut length', () => readElementAt(hex('30 82 01'), 0), /length is cut off/],
      ['an indefinite length', () => readElementAt(hex('30 80 00 00'), 0), /indefinite/],
      ['a huge length', () => readElementAt(hex('30 85 01 00 00 00 00'), 0), /more than four/],
      ['a length beyond the end', () => readElementAt(hex('30 84 ff ff ff ff'), 0), /longer than/],
      ['a high tag number', () => readElementAt(hex('3f 81 01 00'), 0), /above 30/],
      ['bytes at the end', () => readElement(hex('30 00 00'), TAG.sequence), /after the last/],
      ['another tag', () => readElement(hex('31 00'), TAG.sequence), /tag 0x31 where 0x30/],
      ['a missing element', () => expectTag(undefined, TAG.set), /missing/],
      ['an empty integer', () => readInteger(readElementAt(hex('02 00'), 0)), /integer out of range/],
      [
        'a long integer',
        () => readInteger(readElementAt(hex('02 05 0100000000'), 0)),
        /integer out of range/,
      ],
      ['a negative integer', () => readInteger(readElementAt(hex('02 01 ff'), 0)), /negative/],
      ['an empty identifier', () => readObjectIdentifier(readElementAt(hex('06 00'), 0)), /out of range/],
      ['a cut identifier', () => readObjectIdentifier(readElementAt(hex('06 02 2a 86'), 0)), /cut off/],
      [
        'an endless arc',
        () => readObjectIdentifier(readElementAt(hex('06 0a ff ff ff ff ff ff ff ff ff 7f'), 0)),
        /out of range/,
      ],
      [
        'a long identifier',
        () => readObjectIdentifier(readElementAt(element(0x06, Buffer.alloc(65, 1)), 0)),
        /out of range/,
      ],
      ['half a character', () => readText(readElementAt(hex('1e 01 00'), 0)), /odd length/],
    ]
    for (const [what, read, message] of cases) {
      assert.throws(read, (error) => error instanceof DerError && message.test(error.message), what)
    }
  })
})

describe('hostile certificates', () => {
  const der = makeCertificate(KEYS.p256, {
    userId: 'com.example.app',
    extensions: {
      [`${APPLE_PUSH}.1`]: MARK,
      [`${APPLE_PUSH}.6`]: topicList({ 'com.example.app': ['app'], 'com.example.app.voip': ['voip'] }),
    },
  })

  it('end in DerError or a result, and in time', () => {
    const mutation = fc.record({
      changes: fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      length: fc.oneof(fc.constant(der.length), fc.nat(der.length)),
    })
    fc.assert(
      fc.property(mutation, ({ changes, length }) => {
        const bytes = Buffer.from(der)
        for (const [position, byte] of changes) bytes[position] = byte
        try {
          readCertificateFields(bytes.subarray(0, length))
        } catch (error) {
          assert.ok(error instanceof DerError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('cannot escape by what an extension holds', () => {
    const certificate = {
      validFrom: '',
      validTo: '',
      subject: '',
      fingerprint256: '',
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (value) => {
        const raw = certificateShell(value)
        try {
          readPushCertificate({ ...certificate, raw })
        } catch (error) {
          assert.ok(error instanceof DerError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

/** The outline of a certificate with one extension, without the cost of a signature. */
function certificateShell(topics: Uint8Array): Buffer {
  const extension = sequence(objectIdentifier(`${APPLE_PUSH}.6`), element(0x04, topics))
  const fields = [integer(1), sequence(), sequence(), sequence(), sequence(), sequence()]
  return sequence(sequence(...fields, element(0xa3, sequence(extension))))
}
