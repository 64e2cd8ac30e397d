import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadScript, type Script, startSimulator } from '@apns-worker/simulator'
import { parseScript } from '#src/script.js'
import { withSimulator } from './support/provider.js'

const EXAMPLE = fileURLToPath(new URL('../examples/chaos.yaml', import.meta.url))

test('YAML and JSON say the same', async () => {
  const script: Script = {
    seed: 7,
    latency: { uniform: [0, 0.1] },
    refusalLimit: 50,
    deviceLimit: { count: 5, per: 60 },
    liveActivities: { endedToken: 'Unregistered', endsAfter: 2 },
    deliveryBudgets: { liveActivity: 10 },
    doubts: { missingPushType: 'InvalidPushType', tokenOnlyTypes: ['location', 'widgets'] },
    rules: [
      { share: 0.01, unregistered: Date.UTC(2026, 0, 31, 12) },
      { event: 'end', silent: true },
    ],
    connections: [{ connection: [1, 2], blackHole: 'tls' }],
    timeline: [{ at: 1, every: 2, goAway: true }],
    chaos: { seed: 'x', intensity: 0.1 },
    journal: 'journal.ndjson',
  }
  const yaml = `
seed: 7
latency: { uniform: [0, 0.1] }
refusalLimit: 50
deviceLimit: { count: 5, per: 60 }
liveActivities: { endedToken: Unregistered, endsAfter: 2 }
deliveryBudgets: { liveActivity: 10 }
doubts:
  missingPushType: InvalidPushType
  tokenOnlyTypes: [location, widgets]
rules:
  - share: 1%
    unregistered: 2026-01-31T12:00:00Z
  - { event: end, silent: true }
connections:
  - connection: [1, 2]
    blackHole: tls
timeline:
  - { at: 1, every: 2, goAway: true }
chaos: { seed: x, intensity: 10% }
journal: journal.ndjson
`
  assert.deepEqual(await parseScript(yaml), script)
  assert.deepEqual(await parseScript(JSON.stringify(script)), script)
  assert.deepEqual(await parseScript('# nothing\n'), {})
})

test('a script that makes no sense is refused with the place and what is allowed', async () => {
  const wrong: readonly [text: string, message: RegExp][] = [
    ['- rules', /^a list is not allowed; allowed: an object with some of host/],
    ['rules: [', /^no YAML: .* at line 1/],
    ['seed: 1\nseed: 2', /^no YAML: Map keys must be unique at line 2/],
    ['rules:\n  - goaway: true', /^rules\[0\]\.goaway: there is no "goaway" here; allowed: .*goAway/],
    ['rules:\n  - when: now', /^rules\[0\]\.when: .*a function, in code only/],
    ['onNotification: 1', /^onNotification: there is no "onNotification" here/],
    ['rules:', /^rules: null is not allowed; allowed: a list/],
    ['timeline: [{ goAway: true }]', /^timeline\[0\]: "at" is missing/],
    ['timeline: [{ at: 1 }]', /^timeline\[0\]: exactly one of goAway, disconnect/],
    ['timeline: [{ at: 1, every: 0, goAway: true }]', /^timeline\[0\]\.every: 0 is not allowed/],
    ['chaos: { intensity: 2 }', /^chaos\.intensity: 2 is not allowed; allowed: a number from 0 to 1/],
    ['journal: { keep: -1 }', /^journal\.keep: -1 is not allowed/],
  ]
  for (const [text, message] of wrong) {
    await assert.rejects(parseScript(text), { name: 'OptionError', message }, text)
  }
})

test('the file is named in what is said of it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'apns-script-'))
  try {
    const file = join(directory, 'wrong.yaml')
    await writeFile(file, 'rules: [{}, { reset: 14.5 }]')
    await assert.rejects(loadScript(file), (error: Error) => {
      assert.ok(error.message.startsWith(`${file}: rules[0]: says nothing that should happen`), error.message)
      return true
    })
    await assert.rejects(
      loadScript(join(directory, 'none.yaml')),
      /^TypeError: cannot read .*none.yaml: ENOENT/,
    )
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a timeline goes by the clock, again and again', async () => {
  const timeline = [
    { at: 0, streamLimit: 5 },
    { at: 0.3, every: 0.3, goAway: { reason: 'Shutdown' } },
    { at: 0.01, every: 0.01, rejectProviderTokens: true },
  ] as const
  await withSimulator({ timeline, journal: true }, async ({ apns, connect }) => {
    const provider = await connect()
    const reasons = new Set<string | undefined>()
    while (!provider.session.destroyed && !provider.session.closed)
      reasons.add((await provider.send()).reason)
    await provider.closed()
    assert.ok(reasons.has('ExpiredProviderToken'), [...reasons].join())
    assert.equal(provider.goAways[0]?.debugData, '{"reason":"Shutdown"}')
    assert.ok(provider.settings.every(({ maxConcurrentStreams = 0 }) => maxConcurrentStreams <= 5))
    await (await connect()).closed()
    assert.equal(apns.counts().connections, 2)
  })
})

test('every step of a timeline does what it says', async () => {
  for (const step of [
    { disconnect: 'reset' },
    { disconnect: true },
    { blackHole: true },
    { goAway: [{ lastStreamId: 9 }, { lastStreamId: 1 }] },
    { rejectProviderTokens: 'InvalidProviderToken' },
    { streamLimit: 3 },
  ] as const) {
    await withSimulator({ timeline: [{ at: 0.03, every: 0.03, ...step }] }, async ({ apns, connect }) => {
      const provider = await connect()
      if ('rejectProviderTokens' in step) {
        while ((await provider.send()).reason !== 'InvalidProviderToken');
      } else if ('streamLimit' in step) {
        while (provider.settings.at(-1)?.maxConcurrentStreams !== 3) await provider.send()
      } else {
        await apns.waitFor(() => apns.counts().openConnections === 0)
      }
    })
  }
})

test('the example is a script that runs', async () => {
  const { journal, ...script } = await loadScript(EXAMPLE)
  assert.equal(journal, 'journal.ndjson')
  assert.ok((script.rules?.length ?? 0) > 10)
  await using apns = await startSimulator({ ...script, port: 0 })
  assert.equal(apns.counts().received, 0)
})

test('the script in the README is one', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const texts = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  const scripts = await Promise.all(texts.map(parseScript))
  assert.equal(scripts.length, 1)
  assert.equal(scripts[0]?.timeline?.length, 1)
})
