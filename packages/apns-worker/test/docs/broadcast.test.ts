import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it, mock } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  ApnsManager,
  type ApnsManagerOptions,
  BroadcastBackend,
  type Channel,
  ChannelManager,
  type LiveActivityUpdate,
  REASONS,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC, tokensOf } from '../support/sender.js'
import { within } from '../support/within.js'
import { compileExamples, type Example } from './code-blocks.js'

failOnLeaks()

const PAGE = readFileSync(new URL('../../../../docs/broadcast.md', import.meta.url), 'utf8')
const [START_TOKEN = ''] = tokensOf(1, 'fedcba')
const UPDATE: LiveActivityUpdate = {
  aps: { event: 'update', timestamp: new Date(), 'content-state': { home: 1, away: 0 } },
}

type Given = [
  app: ApnsManagerOptions,
  apns: ApnsManager,
  broadcasts: ApnsManager,
  channels: ChannelManager,
  channel: Channel,
  update: LiveActivityUpdate,
  pushToStartToken: string,
]
const GIVEN = [
  'app: import("apns-worker").ApnsManagerOptions',
  'apns: ApnsManager',
  'broadcasts: ApnsManager',
  'channels: ChannelManager',
  'channel: Channel',
  'update: LiveActivityUpdate',
  'pushToStartToken: string',
].join(', ')

/** What each example does: what is sent, and what is asked about channels. */
const DONE: readonly (readonly [section: string, sent: readonly string[], asked: readonly string[]])[] = [
  ['A channel for each event', [], ['create 201']],
  ['Devices join when the activity starts', ['fedcba start 200'], []],
  ['Send', ['channel update 200'], []],
  ['Send', ['channel update 200', 'channel update 200'], []],
  ['Before sending: explain', [], []],
  ['End', ['channel end 200'], ['delete 204']],
  ['A session does the rest', ['channel update 200', 'channel end 200'], []],
  ['Look after channels', [], ['read 200', 'list 200', 'delete 204']],
  ['Look after channels', [], ['create 201']],
  ['Which host', [], []],
  ['Try it', [], []],
]

describe('the page on broadcasts', () => {
  let examples: Example<Given>[] = []
  before(async () => {
    examples = await compileExamples<Given>('broadcast.md', GIVEN)
  })

  it('has no example that is not tried here', () => {
    assert.deepEqual(
      examples.map(({ section }) => section),
      DONE.map(([section]) => section),
    )
  })

  for (const [index, [section, sent, asked]] of DONE.entries()) {
    it(`does what it shows under "${section}" (${index})`, async () => {
      await using apns = await startSimulator()
      const channel = apns.addChannel({ storagePolicy: 'latest' })
      const unused = apns.addChannel()
      const printed = await outputOf(() => run(apns, channel, examples[index]))
      assert.deepEqual(
        apns.received.map(({ token, payload, status }) => {
          const to = token === channel.id ? 'channel' : token.slice(0, 6)
          return `${to} ${(payload as { aps: { event: string } }).aps.event} ${status}`
        }),
        sent,
      )
      assert.deepEqual(
        apns.channelRequests.map(({ operation, status }) => `${operation} ${status}`),
        asked,
      )
      const left = apns.channels.map(({ id }) => id)
      assert.equal(left.includes(channel.id), section !== 'End')
      assert.equal(left.includes(unused.id), !asked.includes('list 200'))
      if (section === 'Before sending: explain') assert.equal(withoutValues(printed), shownUnder(section))
      if (section === 'Try it') assert.match(printed, /^1 /)
    })
  }

  it('shows what is printed of an error', async () => {
    const channelRules = [{ status: 400, reason: 'CannotCreateChannelConfig' }]
    await using apns = await startSimulator({ channelRules })
    const catching = examples.filter(({ section }) => section === 'Look after channels').at(-1)
    const printed = await outputOf(() => run(apns, apns.addChannel(), catching))
    assert.match(
      printed,
      /^refused CannotCreateChannelConfig 400 [0-9a-f-]{36}\nThe app has as many .* Delete channels/,
    )
  })

  it('has a row for each of Apple’s reasons, as they are in the table', () => {
    const rows = [...PAGE.matchAll(/^\| (\d{3}) \| `(.*)` \| (.*) \| (.*) \|$/gm)]
    assert.equal(rows.length, 28)
    for (const [, , reason = '', description, action] of rows) {
      assert.equal(description, REASONS[reason]?.description, reason)
      assert.equal(action, REASONS[reason]?.action, reason)
    }
    const names = rows.map(([, , reason = '']) => reason)
    assert.equal(new Set(names).size, names.length)
  })
})

/** The text that the page shows in a section. */
function shownUnder(section: string): string {
  const part = PAGE.split(/^## /m).find((each) => each.replaceAll('`', '').startsWith(`${section}\n`)) ?? ''
  return withoutValues(/^```text\n([\s\S]*?)\n```$/m.exec(part)?.[1] ?? '')
}

/** Without the line for `curl`, and without what is other each time. */
function withoutValues(text: string): string {
  return text
    .replace(/\n\ncurl .*$/, '')
    .replace(/apns-channel-id: .*/, '')
    .replace(/"timestamp":\d+/, '')
}

/** Runs an example with managers that send to the simulator; it has ended when nothing is on its way any more. */
async function run(apns: Simulator, channel: Channel, example: Example<Given> | undefined): Promise<void> {
  const app: ApnsManagerOptions = { ...apns.credentials, environment: apns.environment, topic: TOPIC }
  await using devices = new ApnsManager(app)
  await using broadcasts = new ApnsManager({ ...app, backend: BroadcastBackend })
  await using channels = new ChannelManager(app)
  const running = example?.run(app, devices, broadcasts, channels, channel, UPDATE, START_TOKEN)
  await within(Promise.resolve(running), () => JSON.stringify(apns.counts()))
  await Promise.all([devices.flushMessages(), broadcasts.flushMessages()])
}

/** What is printed meanwhile, a line each. */
async function outputOf(action: () => Promise<void>): Promise<string> {
  const lines: string[] = []
  const print = (...values: unknown[]): void => {
    lines.push(values.map(String).join(' '))
  }
  const mocks = [mock.method(console, 'log', print), mock.method(console, 'error', print)]
  try {
    await action()
  } finally {
    for (const { mock: each } of mocks) each.restore()
  }
  return lines.join('\n')
}
