import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { demoTokens } from '#src/demo-tokens.js'
import { MAIN, ROOT, run } from './command.js'

const TOKENS = join(ROOT, 'examples', 'tokens.txt')

test('the list in examples is the one that the demonstration makes up', () => {
  assert.equal(readFileSync(TOKENS, 'utf8'), [...demoTokens(), ''].join('\n'))
})

test('the demonstration: ten thousand notifications go out, and come back with their outcomes', async () => {
  const { code, stdout, stderr } = await run(['demo', '--tokens-file', TOKENS])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^Unregistered +410 +200 /m)
  assert.match(stdout, /^BadDeviceToken +400 +50 /m)
  assert.match(stdout, /^ExpiredToken +410 +20 /m)
  assert.match(stdout, /^9,730 of 10,000 accepted, 270 refused in/m)
  assert.match(stderr, /^100% {2}9,730 accepted, 270 refused/m)
  assert.ok(!`${stdout}${stderr}`.includes('\u001b'), 'no control characters where nobody sees them')
})

const script = spawnSync('script', ['--version'], { encoding: 'utf8' })
const hasScript = script.error === undefined && script.stdout.includes('util-linux')

test('on a terminal there is a bar, and the cursor is given back', {
  skip: !hasScript && process.env['CI'] !== 'true' && 'needs script(1)',
}, () => {
  const command = `stty cols 100; '${process.execPath}' '${MAIN}' demo`
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, TERM: 'xterm' },
  })
  assert.equal(status, 0, stdout)
  assert.match(stdout, /█+/)
  assert.ok(stdout.indexOf('\u001b[?25l') >= 0 && stdout.indexOf('\u001b[?25h') > stdout.lastIndexOf('█'))
  assert.match(stdout, /9,730 of 10,000 accepted/)
})
