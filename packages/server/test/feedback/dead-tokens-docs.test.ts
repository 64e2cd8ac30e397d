import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FeedbackFollower, feedbackRoutes, newApiKey } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import type { ApnsManager, ApnsManagerOptions } from 'apns-worker'
import { Message } from 'apns-worker'
import { keysOf, signatureFields } from '#src/feedback/webhook/signature.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { until, within } from '../../../apns-worker/dist-test/support/within.js'
import { TestApi } from '../http/support/test-api.js'
import { bury } from './bury.js'
import { DeadTokenLog } from './dead-token-log.js'
import { FeedbackSite, REGISTRY } from './feedback-site.js'
import { Receiver } from './webhook/receiver.js'
import { SECRET, WebhookRig } from './webhook/webhook-rig.js'

failOnLeaks()

const GUIDE = readFileSync(new URL('../../../../docs/dead-tokens.md', import.meta.url), 'utf8')
const TOKEN = 'f1f2f3f4f5f6f7f8'.repeat(4)
const hasCurl = spawnSync('curl', ['--version']).status === 0
const hasPython = spawnSync('python3', ['--version']).status === 0
const isLenient = process.env['CI'] !== 'true'

type Devices = Map<string, Date>
type Headers = Readonly<Record<string, string>>

/** What the page's JavaScript exports, all of it together. */
interface Examples {
  forget(devices: Devices, feedback: { token: string; when: Date | string }): void
  watch(options: ApnsManagerOptions, devices: Devices): ApnsManager
  follow(options: {
    api: string
    key: string
    cursor?: string
    signal: AbortSignal
    onDeadTokens: (items: readonly { token: string; when: string }[], next: string) => unknown
  }): Promise<void>
  verifyWebhook(headers: Headers, body: string, secret: string): unknown
}

function blocks(language: string): string[] {
  return [...GUIDE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code = '']) => code,
  )
}

describe('the page on dead tokens', () => {
  let folder: string
  let examples: Examples
  before(async () => {
    // Beside the tests, so that `apns-worker` is found as they find it.
    const generated = fileURLToPath(new URL('generated', import.meta.url))
    mkdirSync(generated, { recursive: true })
    folder = mkdtempSync(join(generated, 'docs-'))
    writeFileSync(join(folder, 'examples.mjs'), blocks('js').join('\n'))
    examples = (await import(pathToFileURL(join(folder, 'examples.mjs')).href)) as Examples
  })
  after(() => rmSync(folder, { recursive: true }))

  it('forgets a token that Apple has declared dead, and not one that was registered since', async () => {
    await using simulator = await startSimulator()
    const since = Date.UTC(2026, 6, 1, 12)
    const [dead, back, alive] = [TOKEN, 'ab'.repeat(32), 'cd'.repeat(32)]
    simulator.reply({ when: ({ token }) => token !== alive, unregistered: since })
    const devices: Devices = new Map([
      [dead, new Date(since)],
      [back, new Date(since + 1)],
      [alive, new Date(0)],
    ])
    const { credentials, environment } = simulator
    const apns = examples.watch({ ...credentials, environment, topic: 'com.example.news' }, devices)
    await apns.sendMessage(new Message([dead, back, alive], { aps: { alert: 'hello' } })).done()
    await until(() => devices.size === 2)
    await apns.close()
    assert.deepEqual([...devices.keys()], [back, alive])
  })

  it('follows the log as it comes', async () => {
    const log = new DeadTokenLog()
    await using site = await FeedbackSite.start({ deadTokens: log })
    const [first] = log.add('news')
    const devices: Devices = new Map([[first?.token ?? '', new Date(0)]])
    const told: string[] = []
    const gone = new AbortController()
    const api = `http://127.0.0.1:${site.port}`
    const onDeadTokens = (items: readonly { token: string; when: string }[], next: string): void => {
      for (const item of items) examples.forget(devices, item)
      told.push(next)
    }
    const following = examples.follow({ api, key: 'none', signal: gone.signal, onDeadTokens })
    await until(() => told.length === 1)
    await site.waiting(1)
    log.add('news', 2)
    site.follower.woken()
    await until(() => told.length === 2)
    gone.abort()
    await assert.rejects(
      within(following, () => 'it goes on'),
      { name: 'AbortError' },
    )
    assert.deepEqual([devices.size, site.follower.waiting <= 1], [0, true])
  })

  it('does over HTTP what it shows', { skip: !hasCurl && isLenient && 'no curl' }, async () => {
    const { key, hash } = newApiKey()
    const follower: { current?: FeedbackFollower } = {}
    const apiKeys = [{ name: 'guide', hash, scopes: ['admin'], apps: 'all' }] as const
    await TestApi.with(
      {
        apiKeys,
        plugins: [
          async (scope) => {
            await scope.register(
              feedbackRoutes({
                follower: follower.current as FeedbackFollower,
                apps: REGISTRY,
                heartbeatMs: 100,
              }),
            )
          },
        ],
        outbox: (real) => {
          follower.current = new FeedbackFollower({ deadTokens: real })
          return {}
        },
      },
      async (api) => {
        await bury(api.outbox, 'news', [TOKEN])
        const answers = await runAll(await api.listen(), key)
        const [page, stream, lines, message, registered] = answers
        assert.deepEqual(shapeOf(page), shapeOf(blocks('json')[0]))
        const event = new RegExp(`^retry: 3000\\n\\nid: \\S{16}\\ndata: {"token":"${TOKEN}",`)
        for (const shown of [stream, blocks('text')[0]]) assert.match(shown ?? '', event)
        assert.equal((JSON.parse(lines ?? '') as { cursor: string }).cursor, 'AQAAAAAAAAAB0VWe')
        assert.equal((JSON.parse(message ?? '') as { total: number }).total, 1)
        // The message before has taken it off the list already.
        assert.match(registered ?? '', /^{"registered":[01]}$/)
      },
    )
    follower.current?.close()
  })

  it('tells its own requests from others, in Node', async () => {
    await using receiver = await Receiver.start()
    await using rig = new WebhookRig({ url: `https://localhost:${receiver.port}/` })
    rig.add(2)
    await rig.at(2)
    const { headers, text: body = '' } = receiver.deliveries[0] ?? {}
    const verified = examples.verifyWebhook(headers as Headers, body, SECRET)
    assert.deepEqual(verified, JSON.parse(body))
    const verify = (given: Headers, text: string, secret: string): boolean => {
      try {
        examples.verifyWebhook(given, text, secret)
        return true
      } catch {
        return false
      }
    }
    for (const [what, attempt, isGood] of attempts()) assert.equal(verify(...attempt), isGood, what)
  })

  it('tells its own requests from others, in Python', {
    skip: !hasPython && isLenient && 'no python3',
  }, () => {
    const [code = ''] = blocks('python')
    const harness = [
      code,
      'import sys',
      'for headers, body, secret in json.load(sys.stdin):',
      '    try: print(verify_webhook(headers, body, secret) == json.loads(body))',
      '    except (ValueError, KeyError): print(False)',
    ].join('\n')
    const input = JSON.stringify(attempts().map(([, attempt]) => attempt))
    const { stdout, stderr } = spawnSync('python3', ['-c', harness], { input, encoding: 'utf8' })
    const expected = attempts().map(([, , isGood]) => (isGood ? 'True' : 'False'))
    assert.deepEqual(stdout.trim().split('\n'), expected, stderr)
  })
})

type Attempt = readonly [headers: Headers, body: string, secret: string]

function attempts(): (readonly [what: string, attempt: Attempt, isGood: boolean])[] {
  const body = '{"type": "feedback", "data": "é"}'
  const now = Math.floor(Date.now() / 1000)
  const encoded = `whsec_${Buffer.from('a secret of thirty-two bytes, 12').toString('base64')}`
  const sign = (secret: string, timestamp = now): Headers =>
    signatureFields({ id: 'feedback_1', timestamp, body }, keysOf(secret))
  const good = sign(SECRET)
  return [
    ['as it is', [good, body, SECRET], true],
    ['with an encoded secret', [sign(encoded), body, encoded], true],
    [
      'with a new secret, to who has the old one',
      [sign(`another-secret-1234 ${SECRET}`), body, SECRET],
      true,
    ],
    ['by somebody else', [sign('another-secret-1234'), body, SECRET], false],
    ['with another body', [good, `${body} `, SECRET], false],
    ['with another id', [{ ...good, 'webhook-id': 'feedback_2' }, body, SECRET], false],
    ['at another time', [{ ...good, 'webhook-timestamp': String(now - 1) }, body, SECRET], false],
    ['too late', [sign(SECRET, now - 400), body, SECRET], false],
    ['too early', [sign(SECRET, now + 400), body, SECRET], false],
    ['at no time', [{ ...good, 'webhook-timestamp': 'nan' }, body, SECRET], false],
    ['with another kind of signature', [{ ...good, 'webhook-signature': 'v2,AAAA' }, body, SECRET], false],
    ['without a signature', [{ ...good, 'webhook-signature': '' }, body, SECRET], false],
  ]
}

/** Runs the page's commands. @returns what each printed */
async function runAll(port: number, key: string): Promise<string[]> {
  const mark = '--- the next one'
  const commands = blocks('sh').map((command) => `${command}\necho; echo '${mark}'`)
  // So that what is refused is noticed; `head` leaves a stream when it has enough.
  const script = ['set -e', 'curl() { command curl --fail-with-body "$@"; }', ...commands].join('\n')
  const env = { ...process.env, API: `http://127.0.0.1:${port}`, KEY: key }
  const shell = spawn('bash', ['-c', script], { env })
  const all = Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'exit')])
  const [output, errors] = await within(all, () => 'the commands do not end')
  assert.equal(shell.exitCode, 0, `${output}\n${errors}`)
  return output.split(`\n${mark}\n`)
}

/** Its keys, and the types of its values. */
function shapeOf(json: string | undefined): unknown {
  return JSON.parse(json ?? '', (_key, value: unknown) => (typeof value === 'string' ? 'text' : value))
}
