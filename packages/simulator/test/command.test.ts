import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Provider, providerToken, TOKEN, TOPIC } from './support/provider.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

interface Running {
  /** The next line of standard output, as JSON or as it is. */
  line(): Promise<string>
  /** Sends the signal and returns exit code and standard error. */
  stop(signal: NodeJS.Signals): Promise<{ code: number | null; errors: string }>
}

async function withCommand(args: readonly string[], use: (command: Running) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk
  })
  try {
    await use({
      line: async () => String((await lines.next()).value),
      stop: async (signal) => {
        child.kill(signal)
        const [code] = (await exited) as [number | null]
        return { code, errors }
      },
    })
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'apns-simulator-'))
  try {
    await use(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

test('writes credentials that work, prints what it receives, ends on a signal', async () => {
  await withDirectory(async (directory) => {
    const rules = join(directory, 'rules.json')
    await writeFile(rules, JSON.stringify([{ token: 'aa', unregistered: 1_700_000_000_000 }]))
    const args = ['--json', '--environment', 'sandbox', '--topic', TOPIC, '--rules', rules]
    await withCommand([...args, '--write-credentials', join(directory, 'made')], async ({ line, stop }) => {
      const { listening } = JSON.parse(await line())
      assert.deepEqual(
        listening,
        JSON.parse(await readFile(join(directory, 'made', 'credentials.json'), 'utf8')),
      )
      const ca = await readFile(listening.caPath)
      const key = await readFile(listening.keyPath, 'utf8')
      const url = `https://${listening.host}:${listening.port}`

      const authorization = `bearer ${providerToken({ ...listening, key })}`
      const withToken = new Provider(http2.connect(url, { ca }), { authorization, 'apns-topic': TOPIC })
      assert.equal((await withToken.send()).status, 200)
      assert.equal((await withToken.send('aa')).reason, 'Unregistered')
      withToken.session.destroy()

      const identity = {
        cert: await readFile(listening.certPath),
        key: await readFile(listening.certKeyPath),
      }
      const withFiles = new Provider(http2.connect(url, { ca, ...identity }), {})
      assert.equal((await withFiles.send()).status, 200)
      withFiles.session.destroy()
      const pfx = await readFile(listening.pfxPath)
      const withPfx = new Provider(http2.connect(url, { ca, pfx, passphrase: '' }), {})
      assert.equal((await withPfx.send()).status, 200)
      withPfx.session.destroy()

      const seen = [JSON.parse(await line()), JSON.parse(await line()), JSON.parse(await line())]
      assert.deepEqual(
        seen.map(({ token, status, authentication }) => [token, status, authentication]),
        [
          [TOKEN, 200, 'token'],
          ['aa', 410, 'token'],
          [TOKEN, 200, 'certificate'],
        ],
      )
      assert.deepEqual(seen[0].payload, { aps: {} })
      assert.equal((await stat(listening.keyPath)).mode & 0o777, 0o600)
      const { code, errors } = await stop('SIGTERM')
      assert.equal(code, 0)
      assert.match(errors, /4 received, 3 accepted, 1 refused/)
    })
  })
})

test('runs a script, over which flags have the last word, and writes the journal', async () => {
  await withDirectory(async (directory) => {
    const script = join(directory, 'chaos.yaml')
    const journal = join(directory, 'journal.ndjson')
    await writeFile(
      script,
      [
        'environment: sandbox',
        `topics: [${TOPIC}]`,
        'seed: 3',
        'latency: { uniform: [0, 0.001] }',
        'rules: [{ token: aa, status: 503, reason: ServiceUnavailable, name: down }]',
        'connections: [{ connection: 1, streamLimit: 5 }]',
        'chaos: { intensity: 0 }',
      ].join('\n'),
    )
    const args = ['--script', script, '--journal', journal, '--unregistered', '100%', '--chaos', '9']
    await withCommand(
      ['--json', ...args, '--stream-limit', '7', '--write-credentials', join(directory, 'made')],
      async ({ line, stop }) => {
        const { listening } = JSON.parse(await line())
        const session = http2.connect(`https://${listening.host}:${listening.port}`, {
          ca: await readFile(listening.caPath),
        })
        const key = await readFile(listening.keyPath, 'utf8')
        const authorization = `bearer ${providerToken({ ...listening, key })}`
        const provider = new Provider(session, { authorization, 'apns-topic': TOPIC })
        assert.equal((await provider.send('aa')).reason, 'ServiceUnavailable')
        const { reason, headers } = await provider.send('bb')
        assert.equal(reason, 'Unregistered')
        // Of the sandbox.
        assert.ok(headers['apns-unique-id'])
        assert.equal((await provider.send('cc', { 'apns-topic': 'com.other' })).reason, 'TopicDisallowed')
        session.destroy()
        assert.equal((await stop('SIGTERM')).code, 0)
      },
    )
    const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n')
    const seen = lines.map((line) => JSON.parse(line))
    assert.deepEqual(
      seen.map(({ event, fate, status, why }) => [event ?? fate, status ?? why, why]).slice(0, -1),
      [
        ['opened', 'the client', 'the client'],
        ['answered', 503, 'down'],
        ['answered', 410, 'rules[1]'],
        ['answered', 400, 'validation'],
      ],
    )
    assert.equal(seen.at(-1).event, 'closed')
  })
})

test('misbehaves at random when asked to', async () => {
  await withCommand(
    ['--chaos', '1', '--chaos-intensity', '50%', '--latency', 'log-normal:0.01,0.5'],
    async ({ line, stop }) => {
      assert.match(await line(), /^APNs simulator/)
      assert.equal((await stop('SIGTERM')).code, 0)
    },
  )
})

test('doubts are decided and limits are set by flags, over those of a script', async () => {
  await withDirectory(async (directory) => {
    const script = join(directory, 'script.yaml')
    await writeFile(
      script,
      'doubts: { missingPushType: MissingPushType, capitalTokens: BadDeviceToken }\nrefusalLimit: 1\n',
    )
    const doubts = [
      'missingPushType=InvalidPushType',
      'longestToken=33',
      'broadcastUniqueId=true',
      'tokenOnlyTypes=location,widgets',
    ]
    const args = ['--script', script, '--device-limit', '1/60', '--refusal-limit', '4']
    const flags = [...args, ...doubts.flatMap((doubt) => ['--doubt', doubt])]
    await withCommand(['--json', '--write-credentials', directory, ...flags], async ({ line, stop }) => {
      const { listening } = JSON.parse(await line())
      const session = http2.connect(`https://${listening.host}:${listening.port}`, {
        ca: await readFile(listening.caPath),
      })
      const key = await readFile(listening.keyPath, 'utf8')
      const authorization = `bearer ${providerToken({ ...listening, key })}`
      const provider = new Provider(session, { authorization, 'apns-topic': TOPIC })
      const alert = { 'apns-push-type': 'alert' }
      assert.equal((await provider.send()).reason, 'InvalidPushType')
      assert.equal((await provider.send('AB', alert)).reason, 'BadDeviceToken')
      assert.equal((await provider.send('ab'.repeat(34), alert)).reason, 'BadDeviceToken')
      assert.equal((await provider.send('ab'.repeat(33), alert)).status, 200)
      assert.equal((await provider.send('ab'.repeat(33), alert)).reason, 'TooManyRequests')
      await provider.closed()
      assert.equal(provider.goAways.length, 1)
      assert.equal((await stop('SIGTERM')).code, 0)
    })
  })
})

test('says where it listens, and ends on an interrupt', async () => {
  await withCommand(['--unregistered', '1%', '--latency', '0.01'], async ({ line, stop }) => {
    assert.match(
      await line(),
      /^APNs simulator \(production\) on https:\/\/127\.0\.0\.1:\d+; to connect, start/,
    )
    assert.equal((await stop('SIGINT')).code, 0)
  })
})

test('has channels on a port of their own, and prints the requests about them', async () => {
  await withDirectory(async (directory) => {
    const args = ['--json', '--channel-port', '0', '--channel-limit', '1', '--broadcast-topic', TOPIC]
    await withCommand([...args, '--write-credentials', directory], async ({ line, stop }) => {
      const { listening } = JSON.parse(await line())
      const ca = await readFile(listening.caPath)
      const key = await readFile(listening.keyPath, 'utf8')
      const authorization = `bearer ${providerToken({ ...listening, key })}`
      const open = (port: number): Provider =>
        new Provider(http2.connect(`https://${listening.host}:${port}`, { ca }), { authorization })
      const desk = open(listening.channelPort)
      const create = (bundleId: string) =>
        desk.send(
          '',
          { ':path': `/1/apps/${bundleId}/channels` },
          '{"message-storage-policy":0,"push-type":"LiveActivity"}',
        )
      const { headers } = await create(TOPIC)
      assert.equal((await create(TOPIC)).reason, 'CannotCreateChannelConfig')
      assert.equal((await create('com.example.other')).reason, 'FeatureNotEnabled')
      desk.session.destroy()
      const provider = open(listening.port)
      const broadcast = {
        ':path': `/4/broadcasts/apps/${TOPIC}`,
        'apns-channel-id': String(headers['apns-channel-id']),
        'apns-push-type': 'liveactivity',
      }
      assert.equal((await provider.send('', broadcast)).status, 200)
      provider.session.destroy()
      const seen = [JSON.parse(await line()), JSON.parse(await line()), JSON.parse(await line())]
      assert.deepEqual(
        seen.map(({ operation, status }) => [operation, status]),
        [
          ['create', 201],
          ['create', 400],
          ['create', 400],
        ],
      )
      const { channelId, bundleId } = JSON.parse(await line())
      assert.deepEqual([channelId, bundleId], [headers['apns-channel-id'], TOPIC])
      assert.equal((await stop('SIGTERM')).code, 0)
    })
  })
  await withCommand(['--channel-port', '0'], async ({ line, stop }) => {
    assert.match(await line(), /on https:\/\/127\.0\.0\.1:\d+, channels on \d+; to connect, start/)
    assert.equal((await stop('SIGINT')).code, 0)
  })
})

test('says what is wrong with its arguments', async () => {
  await withDirectory(async (directory) => {
    const broken = join(directory, 'broken.json')
    await writeFile(broken, '{}')
    const script = join(directory, 'script.yaml')
    await writeFile(script, 'rules: [{ tokn: aa, silent: true }]')
    const wrong: readonly [args: string[], message: RegExp][] = [
      [['--unregistered', '3'], /0 to 1/],
      [['--latency', 'soon'], /Not a number/],
      [['--doubt', 'missingPushType=guess'], /missingPushType: "guess" is not allowed; allowed: infer/],
      [['--doubt', 'longestToken'], /longestToken: "" is not allowed/],
      [['--device-limit', '5'], /Not a number/],
      [['--device-limit', '5/6/7'], /Not like 5\/60/],
      [['--environment', 'staging'], /production, sandbox/],
      [['--rules', broken], /cannot read .*broken.json: it holds no array/],
      [['--rules', join(directory, 'none.json')], /cannot read .*ENOENT/],
      [['--script', broken, '--latency', 'uniform:2,1'], /no range/],
      [['--latency', 'normal:1'], /Not a number/],
      [['--script', join(directory, 'none.yaml')], /cannot read .*none.yaml: ENOENT/],
      [['--script', script], /apns-simulator: .*script.yaml: rules\[0\]\.tokn: there is no "tokn" here/],
      [['--journal', join(broken, 'in-a-file')], /ENOTDIR/],
      [['--host', '192.0.2.1'], /EADDRNOTAVAIL/],
      [['--write-credentials', join(broken, 'in-a-file')], /cannot write credentials: ENOTDIR/],
    ]
    for (const [args, message] of wrong) {
      await withCommand(args, async ({ line, stop }) => {
        assert.equal(await line(), 'undefined')
        const { code, errors } = await stop('SIGTERM')
        assert.equal(code, 1)
        assert.match(errors, message)
      })
    }
  })
})
