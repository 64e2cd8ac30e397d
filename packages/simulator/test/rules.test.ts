import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rule } from '@apns-worker/simulator'
import { type Reply, TOKEN, withSimulator } from './support/provider.js'

const REFUSED_STREAM = 7
const CANCEL = 8

function token(index: number): string {
  return index.toString(16).padStart(64, '0')
}

test('answers as told', async () => {
  const since = Date.UTC(2026, 0, 1)
  const cases: readonly [rule: Rule, status: number, body: string][] = [
    [{ unregistered: since }, 410, `{"reason":"Unregistered","timestamp":${since}}`],
    [{ unregistered: new Date(since) }, 410, `{"reason":"Unregistered","timestamp":${since}}`],
    [{ expiredToken: since }, 410, `{"reason":"ExpiredToken","timestamp":${since}}`],
    [{ badDeviceToken: true }, 400, '{"reason":"BadDeviceToken"}'],
    [{ registeredFor: ['com.example.b'] }, 400, '{"reason":"DeviceTokenNotForTopic"}'],
    [{ registeredFor: 'com.example.app' }, 200, ''],
    [{ status: 503, reason: 'ServiceUnavailable' }, 503, '{"reason":"ServiceUnavailable"}'],
    [
      { status: 410, reason: 'Unregistered', timestamp: since },
      410,
      `{"reason":"Unregistered","timestamp":${since}}`,
    ],
    [{ status: 500, body: '' }, 500, ''],
    [{ status: 502, body: '<html>', headers: { 'content-type': 'text/html' } }, 502, '<html>'],
    [{ status: 200 }, 200, ''],
    [{ delay: 0.01 }, 200, ''],
  ]
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect()
    for (const [rule, status, body] of cases) {
      const remove = apns.reply(rule)
      const reply = await provider.send()
      assert.deepEqual([reply.status, reply.body], [status, body])
      assert.equal(apns.received.at(-1)?.status, status)
      remove()
    }
    assert.equal((await provider.send()).status, 200)
  })
})

test('answers carry retry-after and other headers', async () => {
  const rules: Rule[] = [
    { status: 429, reason: 'TooManyRequests', retryAfter: 2, headers: { 'x-extra': 'yes' }, times: 1 },
    { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } },
  ]
  await withSimulator({ rules }, async ({ connect }) => {
    const provider = await connect()
    const { headers } = await provider.send()
    assert.deepEqual([headers['retry-after'], headers['x-extra']], ['2', 'yes'])
    assert.equal((await provider.send()).headers['content-type'], 'text/html')
  })
})

test('matches by token, prefix, list, expression, topic, push type and predicate', async () => {
  const matches: Rule[] = [
    { token: TOKEN.toUpperCase() },
    { token: ['00', TOKEN] },
    { token: /^abab/g },
    { tokenPrefix: 'ABAB' },
    { topic: 'com.example.app' },
    { pushType: 'alert' },
    { when: (notification) => notification.priority === 10 },
    { share: 1 },
  ]
  const misses: Rule[] = [
    { token: 'ab' },
    { token: ['00', '11'] },
    { token: /^cd/ },
    { tokenPrefix: 'cd' },
    { topic: 'com.example' },
    { pushType: 'voip' },
    { when: () => false },
    { share: 0 },
    { times: 0 },
    { token: TOKEN, topic: 'com.example' },
  ]
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect()
    for (const [rules, status] of [
      [matches, 503],
      [misses, 200],
    ] as const) {
      for (const rule of rules) {
        const remove = apns.reply({ ...rule, status: 503 })
        for (let round = 0; round < 2; round++) {
          const reply = await provider.send(TOKEN, { 'apns-priority': '10' })
          assert.equal(reply.status, status, JSON.stringify(rule))
        }
        remove()
      }
    }
  })
})

test('the first rule that fits decides; spent rules leave it to the next', async () => {
  const rules: Rule[] = [
    { token: 'aa', status: 200 },
    { status: 500, times: 2 },
    { status: 429, timesPerToken: 1 },
  ]
  await withSimulator({ rules }, async ({ connect }) => {
    const provider = await connect()
    const statuses: (number | undefined)[] = []
    for (const to of ['aa', 'bb', 'cc', 'bb', 'bb', 'cc', 'cc', 'aa'])
      statuses.push((await provider.send(to)).status)
    assert.deepEqual(statuses, [200, 500, 500, 429, 200, 429, 200, 200])
  })
})

test('shares are exact enough, steady, without overlap, and depend on the seed', async () => {
  const rules: Rule[] = [
    { share: 0.1, unregistered: true },
    { share: 0.2, badDeviceToken: true },
  ]
  const tokens = Array.from({ length: 1000 }, (_, index) => token(index))
  const refusedWith = async (seed: number, times: number): Promise<string[]> => {
    let refused: string[] = []
    await withSimulator({ rules, seed }, async ({ apns, connect }) => {
      const provider = await connect()
      const send = (): Promise<Reply[]> => Promise.all(tokens.map((one) => provider.send(one)))
      const once = await send()
      const reasons = once.map(({ reason }) => reason)
      for (let time = 1; time < times; time++) {
        assert.deepEqual(
          (await send()).map(({ reason }) => reason),
          reasons,
        )
      }
      const { byReason } = apns.counts()
      const sent = tokens.length * times
      assert.ok(Math.abs((byReason['Unregistered'] ?? 0) / sent - 0.1) < 0.03)
      assert.ok(Math.abs((byReason['BadDeviceToken'] ?? 0) / sent - 0.2) < 0.03)
      refused = tokens.filter((_, index) => once[index]?.status !== 200)
    })
    return refused
  }
  const [first, same, other] = [await refusedWith(1, 2), await refusedWith(1, 1), await refusedWith(2, 1)]
  assert.deepEqual(first, same)
  assert.notDeepEqual(first, other)
})

test('silence, resets and cut connections leave no answer', async () => {
  const rules: Rule[] = [
    { token: 'aa', silent: true },
    { token: 'bb', reset: 'REFUSED_STREAM' },
    { token: 'cc', reset: CANCEL },
    { token: 'dd', disconnect: true },
  ]
  const seen: string[] = []
  const onNotification = ({ token: one }: { token: string }): unknown => seen.push(one)
  await withSimulator({ rules, onNotification }, async ({ apns, connect }) => {
    const provider = await connect()
    assert.equal((await provider.send('00')).status, 200)
    const silent = provider.send('aa')
    assert.equal((await provider.send('bb')).code, REFUSED_STREAM)
    assert.equal((await provider.send('cc')).code, CANCEL)
    assert.equal(apns.counts().openStreams, 1)
    const cut = await provider.send('dd')
    assert.equal(cut.status, undefined)
    assert.equal((await silent).status, undefined)
    await provider.closed()
    assert.deepEqual(seen, ['00', 'aa', 'bb', 'cc', 'dd'])
    assert.deepEqual(
      apns.received.map(({ status }) => status),
      [200, undefined, undefined, undefined, undefined],
    )
    await apns.waitFor(({ counts }) => counts.call(apns).openConnections === 0)
  })
})

test('a delay holds up one answer, not the others', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  await withSimulator({ rules: [{ token: 'aa', delay: 5 }] }, async ({ apns, connect }) => {
    const provider = await connect()
    await provider.send('00')
    const delayed = provider.send('aa')
    assert.equal((await provider.send('bb')).status, 200)
    context.mock.timers.tick(4_999)
    assert.equal(apns.received[1]?.status, undefined)
    context.mock.timers.tick(1)
    assert.equal((await delayed).status, 200)
  })
})

test('a client that gives up on a delayed answer costs nothing', async () => {
  await withSimulator({ rules: [{ token: 'aa', delay: 3600 }] }, async ({ apns, connect }) => {
    const provider = await connect()
    void provider.send('aa')
    await apns.waitFor(1)
    provider.session.destroy()
    await apns.waitFor(() => apns.counts().openConnections === 0)
  })
})

test('a rule that makes no sense is refused when it is added', async () => {
  const wrong: readonly [rule: object, message: RegExp][] = [
    [{}, /nothing that should happen/],
    [{ share: 0.5 }, /nothing that should happen/],
    [{ unregistred: true }, /there is no "unregistred"/],
    [{ silent: true, status: 500 }, /status and silent exclude/],
    [{ reason: 'BadTopic', silent: true }, /"reason" needs "status"/],
    [{ share: 2, silent: true }, /from 0 to 1/],
  ]
  await withSimulator({}, async ({ apns }) => {
    for (const [rule, message] of wrong) assert.throws(() => apns.reply(rule), message)
  })
})
