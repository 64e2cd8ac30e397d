import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LineBatch, readLines } from '#src/line-reader.js'
import { TokenSet } from '#src/token-set.js'
import {
  TokenReader,
  type TokenReadOptions,
  tokensFromArguments,
  tokensFromFile,
  tokensFromStream,
} from '#src/token-source.js'

const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const C = 'cc'.repeat(32)

async function read(text: string, options: TokenReadOptions = {}) {
  const wrong: string[] = []
  const source = tokensFromStream(Readable.from([Buffer.from(text)]))
  const reader = new TokenReader(source, options, (place, problem) => wrong.push(`${place}: ${problem}`))
  const tokens: string[] = []
  for await (const batch of reader.batches(new AbortController().signal)) tokens.push(...batch.tokens)
  return { tokens, wrong, report: reader.report }
}

test('a list may have blank lines, comments, either case, either line end, and a byte order mark', async () => {
  const { tokens, wrong } = await read(
    `\uFEFF# devices\r\n\r\n${A}\r\n  \n${B.toUpperCase()}\n<${C.match(/.{8}/g)?.join(' ')}>`,
  )
  assert.deepEqual(tokens, [A, B, C])
  assert.deepEqual(wrong, [])
})

test('a wrong line is reported with its number, and the rest is read', async () => {
  const { tokens, wrong, report } = await read(`# one\n${A}\n\noops\n${B}\nabc\n`)
  assert.deepEqual(tokens, [A, B])
  assert.deepEqual(wrong, [
    '4: is not a hex-encoded device token: "oops"',
    '6: has an odd number of hex digits (3): "abc"',
  ])
  assert.equal(report.wrongLines, 2)
})

test('each token is read once, unless duplicates are to be kept', async () => {
  const text = `${A}\n${B}\n${A.toUpperCase()}\n${A}\n`
  const once = await read(text)
  assert.deepEqual(once.tokens, [A, B])
  assert.equal(once.report.duplicates, 2)
  assert.deepEqual((await read(text, { keepDuplicates: true })).tokens, [A, B, A, A])
})

test('CSV: by its header, by column, and a line that is too short is wrong', async () => {
  const text = `# export\nid,device_token,name\n1,${A},"Doe, J."\n"2,5",${B},x\n3\n4,"${C}",y\n`
  const { tokens, wrong } = await read(text)
  assert.deepEqual(tokens, [A, B, C])
  assert.deepEqual(wrong, ['5: has too few columns'])
  assert.deepEqual((await read(`1;${A}\n2;${B}\n`, { column: '2' })).tokens, [A, B])
  await assert.rejects(read('id,name\n1,2\n'), /standard input: no column/)
})

test('arguments are tokens and nothing else', async () => {
  const wrong: number[] = []
  const reader = new TokenReader(tokensFromArguments([A, '# no', B]), {}, (place) => wrong.push(place))
  const batches: string[] = []
  for await (const { tokens } of reader.batches(new AbortController().signal)) batches.push(...tokens)
  assert.deepEqual(batches, [A, B])
  assert.deepEqual(wrong, [2])
})

test('a file that is not there, or is a directory, is said to be', () => {
  assert.throws(() => tokensFromFile('/no/such/file'), /cannot read the tokens: .*no such file/)
  assert.throws(() => tokensFromFile('.'), /is a directory/)
})

test('reading ends when the signal is aborted, also while it waits', async () => {
  const controller = new AbortController()
  const stream = new Readable({ read: () => {} })
  const reader = new TokenReader(tokensFromStream(stream), {}, () => {})
  stream.push(`${A}\n`)
  const seen: string[] = []
  for await (const { tokens } of reader.batches(controller.signal)) {
    seen.push(...tokens)
    setImmediate(() => controller.abort())
  }
  assert.deepEqual(seen, [A])
})

async function collect(chunks: Iterable<Uint8Array>): Promise<LineBatch[]> {
  const batches: LineBatch[] = []
  for await (const batch of readLines(Readable.from(chunks))) batches.push(batch)
  return batches
}

test('lines do not depend on how the text is cut into chunks', async () => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n\uFEFF]/.test(text))
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 7 }),
      async (lines, end, size) => {
        const bytes = Buffer.from(lines.map((each) => each + end).join(''))
        const chunks: Buffer[] = []
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
        const batches = await collect(chunks)
        assert.deepEqual(
          batches.flatMap((batch) => batch.lines),
          lines,
        )
        let expected = 1
        for (const { first, lines: some } of batches) {
          assert.equal(first, expected)
          expected += some.length
        }
        assert.equal(batches.at(-1)?.bytesRead ?? 0, bytes.length)
      },
    ),
  )
})

test('a file without line ends is refused, not read into memory', async () => {
  const endless = function* (): Generator<Buffer> {
    for (;;) yield Buffer.alloc(16_384, 'a')
  }
  await assert.rejects(collect(endless()), /line 1 has more than 65536 characters/)
})

test('the token set agrees with a Set, through its growth', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 50 }), (numbers) => {
      const ours = new TokenSet()
      const theirs = new Set<number>()
      for (const number of numbers) {
        assert.equal(ours.add(number.toString(16)), !theirs.has(number))
        theirs.add(number)
      }
    }),
  )
  const large = new TokenSet()
  for (let index = 0; index < 20_000; index++)
    assert.equal(large.add(index.toString(16).padStart(64, '0')), true)
  for (let index = 0; index < 20_000; index++)
    assert.equal(large.add(index.toString(16).padStart(64, '0')), false)
  assert.equal(large.size, 20_000)
})

test('a full token set takes everything new for new, and says so', () => {
  const set = new TokenSet(2)
  assert.deepEqual(
    ['a', 'b', 'c', 'c', 'a'].map((token) => set.add(token)),
    [true, true, true, true, false],
  )
  assert.equal(set.isFull, true)
})
