import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newApiKey } from '@apns-worker/server'
import type { FleetService } from '#src/fleet/fleet.js'
import { fleetRoutes } from '#src/fleet/fleet-routes.js'
import type { FleetMember, MemberState } from '#src/fleet/member.js'
import { SingleFleet } from '#src/fleet/single-fleet.js'
import { TestApi } from '../http/support/test-api.js'

const AT_MS = Date.UTC(2026, 6, 1, 12)
const STATE: MemberState = {
  lanes: [
    { lane: 'news', state: 'open', connections: 2 },
    { lane: 'news@production', state: 'waiting', connections: 0 },
    { lane: 'sport#broadcast', state: 'paused', connections: 0 },
  ],
  window: { tokens: 20_000, inHand: 500 },
}
const MEMBERS: readonly FleetMember[] = [
  {
    incarnation: 'a',
    owner: 'one',
    role: 'worker',
    sinceMs: AT_MS,
    heardAtMs: AT_MS + 5000,
    isLeader: true,
    state: STATE,
  },
  {
    incarnation: 'b',
    owner: 'two',
    role: 'api',
    sinceMs: AT_MS + 1000,
    heardAtMs: AT_MS + 4000,
    isLeader: false,
    state: { lanes: [], window: undefined },
  },
]
const members = (): Promise<readonly FleetMember[]> => Promise.resolve(MEMBERS)

test('every process that works on the outbox is listed, with what it says of itself', () =>
  TestApi.with({ plugins: [fleetRoutes({ members })] }, async (api) => {
    const { status, json } = await api.get('/v1/workers')
    assert.equal(status, 200)
    assert.deepEqual(json.items, [
      {
        name: 'one',
        role: 'worker',
        since: '2026-07-01T12:00:00.000Z',
        heardAt: '2026-07-01T12:00:05.000Z',
        leader: true,
        window: { tokens: 20_000, inHand: 500 },
        lanes: STATE.lanes,
      },
      {
        name: 'two',
        role: 'api',
        since: '2026-07-01T12:00:01.000Z',
        heardAt: '2026-07-01T12:00:04.000Z',
        leader: false,
        lanes: [],
      },
    ])
  }))

test('a key needs the scope read, and sees the lanes of its own apps', async () => {
  const { key, hash } = newApiKey()
  const other = newApiKey()
  const apiKeys = [
    { name: 'reader', hash, scopes: ['read'], apps: ['sport'] },
    { name: 'sender', hash: other.hash, scopes: ['send'], apps: 'all' },
  ] as const
  await TestApi.with({ apiKeys, plugins: [fleetRoutes({ members })] }, async (api) => {
    const get = (authorization?: string) =>
      api.call({ url: '/v1/workers', ...(authorization === undefined ? {} : { headers: { authorization } }) })
    assert.equal((await get()).status, 401)
    assert.equal((await get(`Bearer ${other.key}`)).status, 403)
    const { json } = await get(`Bearer ${key}`)
    assert.deepEqual(
      json.items.map(({ lanes }: { lanes: { lane: string }[] }) => lanes.map(({ lane }) => lane)),
      [['sport#broadcast'], []],
    )
  })
})

test('a fleet of one leads, has all connections that the fleet may have, and lists itself', async () => {
  const heard: unknown[] = []
  const service: FleetService = {
    lines: () => [{ name: 'line', limit: 5 }],
    lineOf: () => ({ name: 'line', limit: 5 }),
    setConnections: (...call) => {
      heard.push(call)
      return Promise.resolve()
    },
    describe: () => STATE,
    leading: (isLeader) => heard.push(isLeader),
    resumed() {},
    replaced() {},
  }
  const fleet = new SingleFleet('worker', 'all', () => AT_MS)
  fleet.serve(service)
  assert.deepEqual(heard, [['line', 5, undefined], true])
  assert.equal(fleet.isLeader, true)
  assert.equal(fleet.mayServe('news'), true)
  const [member, ...others] = await fleet.members()
  assert.deepEqual(others, [])
  assert.deepEqual(
    [member?.owner, member?.role, member?.isLeader, member?.state],
    ['worker', 'all', true, STATE],
  )
  const api = new SingleFleet('gate', 'api')
  const led: boolean[] = []
  api.serve({ ...service, lines: () => [], leading: (isLeader) => led.push(isLeader) })
  assert.deepEqual([api.isLeader, led], [false, [false]])
  await fleet.leave()
  await fleet.leave()
  assert.deepEqual([heard.at(-1), heard.length], [false, 3])
  assert.equal(fleet.mayServe('news'), false)
})
