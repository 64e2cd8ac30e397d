import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type JournalConnection,
  type JournalLine,
  type JournalNotification,
  type Rule,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '@apns-worker/simulator'
import { type Provider, TOKEN, TOPIC, withSimulator } from './support/provider.js'

const CANCEL = 8
const ID = '123e4567-e89b-42d3-a456-426614174000'

/** Runs a test and returns the journal as it is when the simulator was closed. */
async function journalOf(
  options: SimulatorOptions,
  use: (provider: Provider, apns: Simulator) => Promise<unknown>,
): Promise<NonNullable<Simulator['journal']>> {
  let journal: Simulator['journal']
  await withSimulator({ journal: true, ...options }, async ({ apns, connect }) => {
    journal = apns.journal
    const provider = await connect()
    // So that everything after it may be sent at once.
    await provider.send('0f')
    await use(provider, apns)
  })
  assert.ok(journal !== undefined)
  return journal
}

function fates(notifications: readonly JournalNotification[]): string[] {
  return notifications.map(({ streamId, fate, status, why }) => `${streamId} ${fate} ${status ?? '-'} ${why}`)
}

function steps(connections: readonly JournalConnection[]): string[] {
  return connections.map(({ connection, event, why, isOrderly }) =>
    [connection, event, why, isOrderly ?? ''].join(' ').trim(),
  )
}

test('there is none unless it is asked for', async () => {
  await using apns = await startSimulator()
  assert.equal(apns.journal, undefined)
})

test('an entry says what came, what was answered, and who wanted that', async () => {
  const rules: Rule[] = [
    { tokenPrefix: 'dd', unregistered: 1 },
    { tokenPrefix: 'ee', status: 503, name: 'storm' },
  ]
  const journal = await journalOf({ rules, now: () => 1_800_000_000_000 }, async (provider) => {
    await provider.send(TOKEN, { 'apns-id': ID })
    await provider.send('dd11')
    await provider.send('ee11')
    await provider.send('xx')
    await provider.send(TOKEN, { authorization: undefined })
  })
  const [, first] = journal.notifications
  assert.deepEqual(
    { ...first },
    {
      kind: 'notification',
      order: 2,
      at: 1_800_000_000_000,
      connection: 1,
      streamId: 3,
      apnsId: ID,
      token: TOKEN,
      why: 'nothing is wrong',
      fate: 'answered',
      status: 200,
      reason: undefined,
      wouldBeDropped: 'there is no alert, badge or sound in it',
      isCancelled: false,
    },
  )
  assert.deepEqual(fates(journal.notifications).slice(2), [
    '5 answered 410 rules[0]',
    '7 answered 503 storm',
    '9 answered 400 validation',
    '11 answered 403 authentication',
  ])
  assert.equal(journal.notifications[2]?.reason, 'Unregistered')
})

test('a request without an answer has a fate as well', async () => {
  const rules: Rule[] = [
    { token: 'aa', silent: true },
    { token: 'bb', reset: 'CANCEL' },
    { token: 'cc', delay: 60 },
    { token: 'dd', goAway: { lastStreamId: 'answered' } },
  ]
  const journal = await journalOf({ rules }, async (provider, apns) => {
    await provider.send('0f')
    void provider.send('aa')
    await provider.send('bb')
    void provider.send('cc')
    await apns.waitFor(5)
    await provider.send('dd')
    await provider.closed()
  })
  assert.deepEqual(fates(journal.notifications).slice(1), [
    '3 answered 200 nothing is wrong',
    // It would have had none; now the client knows.
    '5 abandoned - rules[0]',
    '7 reset - rules[1]',
    '9 abandoned - rules[2]',
    '11 abandoned - rules[3]',
  ])
  assert.equal(journal.connections.at(-1)?.why, 'rules[3]')
})

test('an answer may be withheld for ever', async () => {
  const journal = await journalOf({ rules: [{ token: 'aa', silent: true }] }, async (provider, apns) => {
    void provider.send('aa')
    await apns.waitFor(2)
  })
  assert.deepEqual(fates(journal.notifications).slice(1), ['3 withheld - rules[0]'])
})

test('a connection that is cut loses what was not answered yet', async () => {
  for (const disconnect of ['close', 'reset', 'halfClose'] as const) {
    const rules: Rule[] = [
      { token: 'aa', delay: 60 },
      { token: 'bb', disconnect, name: 'cut' },
    ]
    const journal = await journalOf({ rules }, async (provider, apns) => {
      void provider.send('aa')
      await apns.waitFor(2)
      await provider.send('bb')
      await provider.closed()
    })
    assert.deepEqual(fates(journal.notifications).slice(1), ['3 lost - rules[0]', '5 lost - cut'])
    assert.deepEqual(steps(journal.connections), ['1 opened the client', '1 closed cut false'])
  }
})

test('in a black hole nothing is answered, whatever was decided', async () => {
  const rules: Rule[] = [
    { token: 'aa', delay: 0.02 },
    { token: 'bb', blackHole: true },
  ]
  const journal = await journalOf({ rules }, async (provider, apns) => {
    void provider.send('aa')
    void provider.send('bb')
    await apns.waitFor(() => apns.counts().openConnections === 0)
  })
  assert.deepEqual(fates(journal.notifications).slice(1), ['3 lost - rules[0]', '5 lost - rules[1]'])
  assert.deepEqual(steps(journal.connections), [
    '1 opened the client',
    '1 silent rules[1]',
    '1 closed rules[1] false',
  ])
})

test('a stream that the client resets is cancelled', async () => {
  const journal = await journalOf({ rules: [{ token: 'aa', delay: 60 }] }, async ({ session }, apns) => {
    const token = apns.received[0]?.headers.get('authorization')
    const headers = { authorization: token, 'apns-topic': TOPIC }
    const stream = session.request({ ':method': 'POST', ':path': '/3/device/aa', ...headers })
    stream.on('error', () => undefined)
    stream.end('{}')
    await apns.waitFor(2)
    stream.close(CANCEL)
    await apns.waitFor(() => apns.journal?.notifications[1]?.fate !== 'pending')
  })
  const [, entry] = journal.notifications
  assert.deepEqual([entry?.fate, entry?.isCancelled], ['cancelled', true])
})

test('connections that come to nothing are in it', async () => {
  const connections = [{ times: 1, disconnect: true, name: 'no' }] as const
  await withSimulator({ journal: true, connections }, async ({ apns, connect }) => {
    net.connect(apns.port, apns.host).on('error', () => undefined)
    await apns.waitFor(() => apns.journal?.connections.length === 1)
    const provider = await connect()
    apns.goAway()
    await provider.closed()
    await apns.waitFor(() => apns.counts().openConnections === 0)
    assert.deepEqual(steps(apns.journal?.connections ?? []), [
      '1 turnedAway no',
      '2 opened the client',
      '2 closed goAway() true',
    ])
  })
})

test('a client that waits for nothing leaves in order', async () => {
  const journal = await journalOf({}, async (provider, apns) => {
    provider.session.close()
    await provider.closed()
    await apns.waitFor(() => apns.counts().openConnections === 0)
  })
  assert.deepEqual(steps(journal.connections), ['1 opened the client', '1 closed the client true'])
})

test('the file has a line for each fate and each step', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'apns-journal-'))
  try {
    const file = join(directory, 'journal.ndjson')
    const rules: Rule[] = [{ token: 'aa', silent: true }]
    const journal = await journalOf({ rules, journal: { file, keep: true } }, async (provider) => {
      await provider.send('bb')
      void provider.send('aa')
      await provider.send('bb')
    })
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const read = lines.map((line) => JSON.parse(line) as JournalLine) // The journal's own lines.
    const inMemory = [...journal.notifications, ...journal.connections]
    const ordered = (all: readonly JournalLine[]): string[] => all.map((line) => JSON.stringify(line)).sort()
    assert.deepEqual(ordered(read), ordered(inMemory))
    const short = await journalOf({ journal: { file } }, (provider) => provider.send())
    assert.deepEqual(short.notifications, [])
    await assert.rejects(startSimulator({ journal: join(directory, 'no', 'where') }), /ENOENT/)
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('no more is kept than asked for', async () => {
  const journal = await journalOf({ journal: { keep: 3 } }, async (provider) => {
    for (let sent = 0; sent < 5; sent++) await provider.send()
  })
  assert.deepEqual(
    journal.notifications.map(({ order }) => order),
    [4, 5, 6],
  )
})
