import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ChannelOperation,
  type ChannelRule,
  type Simulator,
  startSimulator,
} from '@apns-worker/simulator'
import { ChannelError } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { goAway, settings, startScriptedServer } from '../support/scripted-server.js'
import { startNodeServer } from '../support/test-servers.js'
import { ask, managerFor, OPERATIONS, onlyChannels, rejection } from './support/channel-client.js'

failOnLeaks()

/** A simulator with a channel, and what becomes of a request about it. */
async function outcomeOf(
  operation: ChannelOperation,
  ...rules: readonly ChannelRule[]
): Promise<{ apns: Simulator; outcome: string; requests: number; connections: number }> {
  await using apns = await startSimulator()
  const { id } = apns.addChannel()
  for (const rule of rules) apns.replyToChannelRequests(rule)
  await using channels = managerFor(apns, { maxAttempts: 4 })
  const outcome = await ask(channels, operation, id).then(
    () => 'done',
    (error: unknown) => {
      assert.ok(error instanceof ChannelError)
      return [error.code, error.reason, error.httpStatus].join(' ').trim()
    },
  )
  const ids = new Set(apns.channelRequests.map((request) => request.id))
  assert.equal(ids.size, 1, 'every attempt has the same request id')
  const { connections } = apns.counts()
  return { apns, outcome, requests: apns.channelRequests.length, connections }
}

describe('a request about channels that was not carried out', () => {
  const RULES: readonly ChannelRule[] = [
    { status: 503, reason: 'ServiceUnavailable' },
    { status: 503, reason: 'Service Unavailable' },
    { status: 503, reason: 'Shutdown' },
    { status: 429, reason: 'TooManyRequests' },
    { status: 429, reason: 'TooManyProviderTokenUpdates' },
    { status: 403, reason: 'UnrelatedKeyIdInToken' },
    { status: 400, reason: 'IdleTimeout' },
    { reset: 'REFUSED_STREAM' },
    { goAway: { lastStreamId: 'answered' } },
  ]
  for (const rule of RULES) {
    it(`is sent again: ${JSON.stringify(rule)}`, async () => {
      for (const operation of OPERATIONS) {
        const { apns, outcome, requests } = await outcomeOf(operation, { ...rule, times: 2 })
        assert.deepEqual([outcome, requests], ['done', 3], operation)
        assert.equal(apns.channels.length, { create: 2, read: 1, list: 1, delete: 0 }[operation])
      }
    })
  }

  it('is sent again over another connection, where this one is done for', async () => {
    for (const reason of ['Shutdown', 'TooManyProviderTokenUpdates', 'UnrelatedKeyIdInToken']) {
      const { connections } = await outcomeOf('list', { times: 1, status: 503, reason })
      assert.equal(connections, 2, reason)
    }
  })

  it('is given up after so many attempts', async () => {
    for (const operation of OPERATIONS) {
      const { outcome, requests } = await outcomeOf(operation, { status: 503, reason: 'ServiceUnavailable' })
      assert.deepEqual([outcome, requests], ['refused ServiceUnavailable 503', 4], operation)
    }
  })

  it('is given up at once when the server wants it later than there is time for', async () => {
    const later = { status: 503, reason: 'ServiceUnavailable', retryAfter: 3600 }
    const { outcome, requests } = await outcomeOf('create', later)
    assert.deepEqual([outcome, requests], ['refused ServiceUnavailable 503', 1])
  })

  it('is sent again with a new provider token, over another connection', async (context) => {
    const halfHourMs = 1_800_000
    const now = Math.floor(Date.now() / halfHourMs) * halfHourMs + 600_000
    context.mock.timers.enable({ apis: ['Date'], now })
    await using apns = await startSimulator()
    await using channels = managerFor(apns)
    await channels.list()
    apns.rejectProviderTokens()
    await channels.create({ storagePolicy: 'none' })
    apns.rejectProviderTokens()
    const error = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.deepEqual([error.code, error.reason], ['configuration', 'ClockSkew'])
    assert.equal(error.action, "Set this machine's clock.")
    assert.deepEqual(
      apns.channelRequests.map(({ status, connection }) => [status, connection]),
      [
        [200, 1],
        [403, 1],
        [201, 2],
        [403, 2],
      ],
    )
  })
})

describe('a request about channels whose fate is unknown', () => {
  const RULES: readonly (readonly [ChannelRule, string])[] = [
    [{ disconnect: true }, 'ConnectionLost'],
    [{ reset: 'INTERNAL_ERROR' }, 'RequestReset'],
    [{ status: 500, reason: 'InternalServerError' }, 'InternalServerError 500'],
    [{ status: 502, body: '<html>' }, 'HTTP 502 502'],
  ]
  for (const [rule, what] of RULES) {
    it(`is not sent again when it is to create: ${JSON.stringify(rule)}`, async () => {
      const { outcome, requests } = await outcomeOf('create', { ...rule, times: 1 })
      assert.deepEqual([outcome, requests], [`unknown ${what}`, 1])
    })

    it(`is sent again when it is another: ${JSON.stringify(rule)}`, async () => {
      for (const operation of ['read', 'list', 'delete'] as const) {
        const { outcome, requests } = await outcomeOf(operation, { ...rule, times: 2 })
        assert.deepEqual([outcome, requests], ['done', 3], operation)
      }
    })

    it(`is given up after so many attempts: ${JSON.stringify(rule)}`, async () => {
      const isAnswer = rule.status !== undefined
      for (const operation of ['read', 'list', 'delete'] as const) {
        const { outcome, requests } = await outcomeOf(operation, rule)
        const code = operation === 'delete' ? 'unknown' : isAnswer ? 'refused' : 'unreachable'
        assert.deepEqual([outcome, requests], [`${code} ${what}`, 4], operation)
      }
    })
  }

  it('has succeeded when the channel to be deleted is not there any more', async () => {
    const lost = { times: 1, disconnect: true } as const
    for (const gone of [
      { status: 400, reason: 'ChannelNotRegistered' },
      { status: 404, reason: 'BadPath' },
    ]) {
      assert.equal((await outcomeOf('delete', lost, gone)).outcome, 'done')
      const expected = `refused ${gone.reason} ${gone.status}`
      assert.equal((await outcomeOf('read', lost, gone)).outcome, expected)
      // Not if nobody has tried before.
      assert.equal((await outcomeOf('delete', gone)).outcome, expected)
      const refused = { times: 1, status: 503, reason: 'ServiceUnavailable' }
      assert.equal((await outcomeOf('delete', refused, gone)).outcome, expected)
    }
  })

  it('stays unknown when the server then says "later" until the attempts are used up', async () => {
    const rules = [
      { times: 1, disconnect: true },
      { status: 503, reason: 'ServiceUnavailable' },
    ] as const
    assert.equal((await outcomeOf('delete', ...rules)).outcome, 'unknown ConnectionLost')
    assert.equal((await outcomeOf('read', ...rules)).outcome, 'refused ServiceUnavailable 503')
  })

  it('says what to do about it', async () => {
    await using apns = await startSimulator({ channelRules: [{ disconnect: true }] })
    await using channels = managerFor(apns)
    const create = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.match(create.action, /may have been created all the same: see list\(\)/)
    const remove = await rejection(channels.delete('AAAA'))
    assert.match(remove.reason, /ChannelNotRegistered/)
  })
})

describe('a server of channels that is none', () => {
  it('is given up at once when its certificate is not trusted', async () => {
    await using apns = await startSimulator()
    await using other = await startSimulator()
    await using channels = managerFor({ ...apns, environment: { ...apns.environment, ca: other.ca } })
    const errors = await Promise.all(OPERATIONS.map((operation) => rejection(ask(channels, operation))))
    for (const error of errors) {
      assert.deepEqual([error.code, error.reason], ['configuration', 'TlsHandshake'])
      assert.match(error.description, /certificate/)
      assert.doesNotMatch(error.message, /resume/)
    }
    assert.equal(apns.counts().connections, 0)
  })

  it('is given up at once when it says in its GOAWAY that the certificate is wrong', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1), goAway(0, 0, '{"reason":"BadCertificate"}')),
    })
    await using channels = managerFor(onlyChannels(server))
    const error = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.deepEqual([error.code, error.reason], ['configuration', 'BadCertificate'])
  })

  it('is asked again, at a decent pace, when it goes away each time', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1), goAway(0)),
    })
    await using channels = managerFor(onlyChannels(server), {
      timeout: 0.5,
      retryDelay: 0.1,
      maxRetryDelay: 0.1,
    })
    const error = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.deepEqual([error.code, error.reason], ['unreachable', 'Unreachable'])
    assert.ok(server.connections > 1)
    assert.ok(server.connections < 100, `${server.connections} connections`)
  })

  it('may send what it likes: four megabytes at most are kept', async () => {
    let requests = 0
    await using server = await startNodeServer(({ stream }) => {
      requests++
      stream.respond({ ':status': 200 })
      stream.end(`{"channels":["${'A'.repeat(5_000_000)}"]}`)
    })
    await using channels = managerFor(onlyChannels(server), { maxAttempts: 2 })
    const error = await rejection(channels.list())
    assert.deepEqual([error.code, error.reason, requests], ['unreachable', 'RequestReset', 2])
  })

  it('may send a list of as many bytes', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => String(index).padStart(400, 'A'))
    await using server = await startNodeServer(({ stream }) => {
      stream.respond({ ':status': 200 })
      stream.end(JSON.stringify({ channels: ids }))
    })
    await using channels = managerFor(onlyChannels(server))
    assert.deepEqual(await channels.list(), ids)
  })
})
