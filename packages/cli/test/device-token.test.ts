import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDeviceToken } from '#src/device-token.js'

const TOKEN = '740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad'

for (const text of [
  TOKEN,
  TOKEN.toUpperCase(),
  `  ${TOKEN}\t`,
  '<740f4707 bebcf74f 9b7c25d4 8e335894 5f6aa01d a5ddb387 462c7eaf 61bb78ad>',
  '"<740f4707 bebcf74f 9b7c25d4 8e335894 5f6aa01d a5ddb387 462c7eaf 61bb78ad>"',
  '740F 4707 BEBC F74F 9B7C 25D4 8E33 5894 5F6A A01D A5DD B387 462C 7EAF 61BB 78AD',
  `'${TOKEN}'`,
]) {
  test(`reads ${text}`, () => assert.deepEqual(readDeviceToken(text), { token: TOKEN }))
}

const wrong: [text: string, problem: RegExp][] = [
  ['', /is empty/],
  ['<>', /is empty/],
  ['not a token', /not a hex-encoded device token: "not a token"/],
  [TOKEN.slice(1), /odd number of hex digits \(63\)/],
  ['ab'.repeat(101), /202 hex digits; the longest token has 200/],
  // What iOS 13 and later print for a token's description: most of it is not there.
  ['{length = 32, bytes = 0x740f4707 bebcf74f ... 61bb78ad }', /not a hex-encoded/],
  ['\u001b[2Jtoken', /"\\u001b\[2Jtoken"/],
]
for (const [text, problem] of wrong) {
  test(`says what is wrong with ${JSON.stringify(text.slice(0, 40))}`, () => {
    const reading = readDeviceToken(text)
    assert.ok('problem' in reading)
    assert.match(reading.problem, problem)
  })
}
