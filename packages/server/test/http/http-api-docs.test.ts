import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { newApiKey } from '@apns-worker/server'
import { PROBLEM_CODES } from '#src/http/problem/problem-codes.js'
import { TestApi } from './support/test-api.js'

const GUIDE = readFileSync(new URL('../../../../docs/http-api.md', import.meta.url), 'utf8')
const hasCurl = spawnSync('curl', ['--version']).status === 0

/** A command of the guide, with the answer that it shows. */
interface Example {
  readonly command: string
  readonly answer: unknown
}

const examples: Example[] = [...GUIDE.matchAll(/^```sh\n(.*?)^```(?:\n\n```json\n(.*?)^```)?/gms)].map(
  ([, command = '', answer]) => ({ command, answer: answer === undefined ? undefined : JSON.parse(answer) }),
)

test('the guide’s examples do what it says', {
  skip: !hasCurl && process.env['CI'] !== 'true' && 'no curl',
}, async () => {
  const { key, hash } = newApiKey()
  const apiKeys = [{ name: 'guide', hash, scopes: ['admin'], apps: 'all' }] as const
  const folder = await mkdtemp(join(tmpdir(), 'apns-worker-guide-'))
  try {
    await writeFile(join(folder, 'tokens.txt'), 'f1f2\nf3f4\nf5f6\n')
    await TestApi.with({ apiKeys }, async (api) => {
      const port = await api.listen()
      const env = { ...process.env, API: `http://127.0.0.1:${port}`, KEY: key }
      const mark = '--- the next one'
      const commands = examples.map(({ command }) => `${command}\necho; echo '${mark}'`)
      // So that what is refused is noticed.
      const script = ['set -e', 'curl() { command curl --fail-with-body "$@"; }', ...commands].join('\n')
      const shell = spawn('bash', ['-c', script], { cwd: folder, env })
      const [output, errors] = await Promise.all([
        text(shell.stdout),
        text(shell.stderr),
        once(shell, 'exit'),
      ])
      assert.equal(shell.exitCode, 0, `${output}\n${errors}`)
      const answers = output.split(`\n${mark}\n`)
      assert.ok(examples.length > 10)
      for (const [index, { command, answer }] of examples.entries()) {
        if (answer !== undefined)
          assert.deepEqual(shapeOf(JSON.parse(answers[index] ?? '')), shapeOf(answer), command)
      }
      assert.ok(answers[0]?.includes('"total":1'))
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the guide has each status that is answered, and only codes that there are', () => {
  for (const [status] of Object.values(PROBLEM_CODES)) {
    if ([414, 417, 431, 501].includes(status)) continue
    assert.match(GUIDE, new RegExp(`^\\| .*\\b${status}\\b.* \\|`, 'm'), String(status))
  }
  for (const [code] of GUIDE.matchAll(/\b[A-Z]+_[A-Z_]+\b/g)) assert.ok(code in PROBLEM_CODES, code)
})

/** Its keys, and the types of its values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (value === null || typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
}
