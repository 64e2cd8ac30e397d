import assert from 'node:assert/strict'
import { before, describe, it, mock } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import * as apn from 'apns-worker/node-apn'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { startConnectProxy } from '../support/test-proxies.js'
import { readVectors } from '../support/vectors.js'
import { within } from '../support/within.js'
import {
  CHANNEL_CASES,
  type ChannelCase,
  type ChannelResult,
  optionsFor,
  playWithChannels,
  TOPIC,
} from './channel-cases.js'

failOnLeaks()
// Retries are drawn at random, and are to be at once here.
before(() => void mock.method(Math, 'random', () => 0))

const { cases } = readVectors<{ cases: Record<string, ChannelResult> }>('node-apn/channels.json')
const POLICY = { 'message-storage-policy': 0, 'push-type': 'LiveActivity' }

function ours(each: ChannelCase): Promise<ChannelResult> {
  return within(
    playWithChannels(apn, each, (provider) => provider.shutdown()),
    () => 'it does not end',
  )
}

/** Where a request was not made, there is no id but the caller's. */
function comparable({ sent, failed }: ChannelResult['answers']): ChannelResult['answers'] {
  return {
    sent,
    failed: failed.map((each) => {
      const { 'apns-request-id': _id, ...rest } = Object(each) as Record<string, unknown>
      return rest
    }),
  }
}

describe('channels and broadcasts have the results that they have with node-apn', () => {
  it('in as many cases as were recorded', () => {
    assert.deepEqual([...CHANNEL_CASES.keys()], Object.keys(cases))
  })

  for (const [name, each] of CHANNEL_CASES) {
    if (each.differs === true) continue
    it(`with ${name}`, async () => {
      const theirs = cases[name]
      assert.ok(theirs !== undefined)
      const { answers, accepted } = await ours(each)
      assert.deepEqual(comparable(answers), comparable(theirs.answers))
      assert.deepEqual(accepted, theirs.accepted)
    })
  }
})

describe('channels and broadcasts have other results than with node-apn', () => {
  const resultOf = (name: string): Promise<ChannelResult> =>
    ours(CHANNEL_CASES.get(name) ?? { run: Promise.reject })
  const SENT = { sent: [{ bundleId: TOPIC, 'apns-request-id': 'some id' }], failed: [] }

  it('with a policy in quotes, which is taken for the number', async () => {
    const { answers } = await resultOf('a new channel as node-apn’s page has it')
    assert.deepEqual(answers, {
      sent: [{ bundleId: TOPIC, 'apns-request-id': 'some id', 'apns-channel-id': 'a new one' }],
      failed: [],
    })
  })

  it('without an expiry: it is 0', async () => {
    const { answers, accepted } = await resultOf('a broadcast without an expiry')
    assert.deepEqual(answers, SENT)
    assert.equal((accepted as { expiration: string }[])[0]?.expiration, '0')
  })

  it('without a push type: there is only one', async () => {
    const { answers, accepted } = await resultOf('a broadcast without a push type')
    assert.deepEqual(answers, SENT)
    assert.equal((accepted as { pushType: string }[])[0]?.pushType, 'liveactivity')
  })

  it('with a start, which no device would heed', async () => {
    const { answers, accepted } = await resultOf('a broadcast that starts an activity')
    assert.deepEqual(
      [answers.failed, accepted],
      [[{ bundleId: TOPIC, error: 'error: payload.aps.event' }], []],
    )
  })
})

describe('a provider with channels', () => {
  const list = (provider: apn.Provider): ReturnType<apn.Provider['manageChannels']> =>
    within(provider.manageChannels(new apn.Notification(), TOPIC, 'readAll'), () => 'it does not settle')
  const broadcastTo = (provider: apn.Provider, channelId: string): ReturnType<apn.Provider['broadcast']> => {
    const note = new apn.Notification({
      channelId,
      expiry: 0,
      event: 'update',
      timestamp: 1_700_000_000,
      contentState: {},
    })
    return within(provider.broadcast(note, TOPIC), () => 'it does not settle')
  }
  const using = async (
    apns: Simulator,
    options: apn.ProviderOptions,
    action: (provider: apn.Provider) => Promise<void>,
  ): Promise<void> => {
    const provider = new apn.Provider({ ...optionsFor(apns), ...options })
    try {
      await action(provider)
    } finally {
      await within(provider.shutdown(), () => 'it does not shut down')
    }
  }

  it('settles what is under way when it is shut down, and refuses what comes after', async () => {
    await using apns = await startSimulator({ latency: 0.05 })
    const { id } = apns.addChannel()
    for (const ask of [list, (provider: apn.Provider) => broadcastTo(provider, id)]) {
      const provider = new apn.Provider(optionsFor(apns))
      const pending = ask(provider)
      await within(provider.shutdown(), () => 'it does not shut down')
      assert.equal((await pending).sent.length, 1)
      const { failed } = await ask(provider)
      assert.match(failed[0]?.error?.message ?? '', /closed/)
      await apns.waitFor((server) => server.counts().openConnections === 0)
    }
  })

  it('connects no more for channels after the end, if it never has', async () => {
    await using apns = await startSimulator()
    const provider = new apn.Provider(optionsFor(apns))
    await within(provider.shutdown(), () => 'it does not shut down')
    for (const { failed } of [await list(provider), await broadcastTo(provider, 'AAAA')])
      assert.match(failed[0]?.error?.message ?? '', /closed/)
    assert.equal(apns.counts().connections, 0)
  })

  it('gives the id of what Apple has refused', async () => {
    await using apns = await startSimulator()
    await using(apns, {}, async (provider) => {
      const requestId = '0309f412-aa57-46a8-9ac6-b5aeca8c4594'
      const note = new apn.Notification({ channelId: 'AAAA', requestId })
      const { failed } = await provider.manageChannels(note, TOPIC, 'read')
      assert.deepEqual(failed, [
        {
          ...{ bundleId: TOPIC, 'apns-request-id': requestId },
          ...{ status: 400, response: { reason: 'ChannelNotRegistered' } },
        },
      ])
    })
  })

  it('says that nobody can be reached', async () => {
    await using apns = await startSimulator()
    const { id } = apns.addChannel()
    const port = await freePort()
    const options = { requestTimeout: 500, connectionRetryLimit: 1, port, manageChannelsPort: port }
    await using(apns, options, async (provider) => {
      for (const { sent, failed } of [await list(provider), await broadcastTo(provider, id)]) {
        assert.deepEqual(sent, [])
        assert.match(failed[0]?.error?.message ?? '', /^apn write failed: /)
        assert.equal(failed[0]?.bundleId, TOPIC)
      }
    })
  })

  it('goes through proxies, one for channels and one for all else', async () => {
    await using apns = await startSimulator()
    const { id } = apns.addChannel()
    await using forChannels = await startConnectProxy()
    await using forAll = await startConnectProxy()
    const manageChannelsProxy = { host: '127.0.0.1', port: Number(forChannels.server.environment.port) }
    const proxy = { host: '127.0.0.1', port: Number(forAll.server.environment.port) }
    await using(apns, { proxy, manageChannelsProxy }, async (provider) => {
      assert.equal((await list(provider)).sent.length, 1)
      assert.deepEqual([forChannels.destinations.length, forAll.destinations.length], [1, 0])
      assert.equal((await broadcastTo(provider, id)).sent.length, 1)
      assert.deepEqual([forChannels.destinations.length, forAll.destinations.length], [1, 1])
    })
  })

  it('opens no connection, and reads no credentials, for channels that it does not have', async () => {
    await using apns = await startSimulator()
    await using(apns, {}, async (provider) => {
      await provider.send(new apn.Notification({ topic: TOPIC, alert: 'hello' }), 'ab')
      assert.equal(apns.counts().connections, 1)
    })
  })

  it('rejects an action that there is not', async () => {
    await using apns = await startSimulator()
    await using(apns, {}, async (provider) => {
      const action = 'rename' as apn.ChannelAction
      await assert.rejects(provider.manageChannels([], TOPIC, action), {
        name: 'ProviderError',
        message: /^the action "rename" is not supported/,
      })
    })
  })

  it('with several connections broadcasts as well', async () => {
    await using apns = await startSimulator()
    const provider = new apn.MultiProvider({ ...optionsFor(apns), clientCount: 2 })
    const note = new apn.Notification({ payload: POLICY })
    const { sent } = await within(
      provider.manageChannels([note, note], TOPIC, 'create'),
      () => 'it does not settle',
    )
    assert.equal(new Set(sent.map((each) => each['apns-channel-id'])).size, 2)
    assert.deepEqual(
      new Set(apns.channels.map(({ id }) => id)),
      new Set(sent.map((each) => each['apns-channel-id'])),
    )
    await within(provider.shutdown(), () => 'it does not shut down')
  })
})
