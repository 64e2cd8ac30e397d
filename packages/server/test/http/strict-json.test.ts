import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStrictJson } from '#src/http/body/strict-json.js'
import { ApiProblem } from '#src/http/problem/api-problem.js'

const refused = (text: string, why: RegExp): void => {
  assert.throws(
    () => parseStrictJson(text),
    (error) => error instanceof ApiProblem && error.code === 'MALFORMED_JSON' && why.test(error.message),
    text.slice(0, 80),
  )
}

test('any value that JSON holds is read as JSON.parse reads it', () => {
  const value = fc.jsonValue({ maxDepth: 5 })
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1), (given, indent) => {
      const text = JSON.stringify(given, undefined, indent)
      if (text.includes('__proto__')) return
      assert.deepEqual(parseStrictJson(text), JSON.parse(text))
    }),
    { numRuns: 500 },
  )
})

test('a key that comes twice is refused, however it is written, and told', () => {
  refused('{"a":1,"a":2}', /"a" twice/)
  refused(String.raw`{"a":1,"b":{},"\u0061":2}`, /"a" twice/)
  refused('[[{"x":{"y":1,"z":[{"y":2}],"y":3}}]]', /"y" twice/)
  refused('{"":1,"":2}', /"" twice/)
  refused(`{"${'k'.repeat(100)}":1,"${'k'.repeat(100)}":1}`, /"k{40}…" twice/)
  for (const text of [
    '{"a":{"a":{"a":1}},"b":["a","a",{"a":1},{"a":1}]}',
    String.raw`{"a":"\"a\":1,\"a\"","b\\":"\\","b":"{\"b\":"}`,
    '{"a":"a","b":"a","c":["c"]}',
  ]) {
    assert.deepEqual(parseStrictJson(text), JSON.parse(text))
  }
})

test('__proto__ is refused as a key, and taken as a value', () => {
  refused('{"__proto__":1}', /__proto__/)
  refused(String.raw`{"a":[{"\u005f_proto__":{}}]}`, /__proto__/)
  assert.deepEqual(parseStrictJson('["__proto__","__proto__",{"constructor":{"prototype":1}}]'), [
    '__proto__',
    '__proto__',
    { constructor: { prototype: 1 } },
  ])
})

test('numbers that would be changed are refused', () => {
  for (const number of ['9007199254740993', '-12345678901234567890', '1e999', '-1E400', '123e400']) {
    refused(`{"a":${number}}`, /too large/)
    refused(`[${number}]`, /too large/)
    refused(number, /too large/)
  }
  for (const number of [
    '9007199254740991',
    '-9007199254740991',
    '0.1234567890123456789',
    '1e-999',
    '1e308',
    '-0',
    '12E3',
  ]) {
    assert.deepEqual(parseStrictJson(`[${number},"9007199254740993"]`), [Number(number), '9007199254740993'])
  }
})

test('what is nested too deep is refused, without a stack to overflow', () => {
  assert.doesNotThrow(() => parseStrictJson(`${'['.repeat(64)}${']'.repeat(64)}`))
  refused(`${'['.repeat(65)}${']'.repeat(65)}`, /64 deep/)
  refused(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, /64 deep/)
  refused(`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /64 deep/)
  refused('['.repeat(100_000), /too early/)
})

test('what is no JSON is refused without a word of it', () => {
  for (const text of [
    '{',
    'nul',
    '{"a":1,}',
    "{'a':1}",
    '\u{feff}{}',
    '{"secret":undefined}',
    'NaN',
    '[1,2',
  ]) {
    refused(text, /^the body is not JSON: (?!.*secret)/)
  }
})
