import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fleetRoutes } from '#src/fleet/fleet-routes.js'
import { LateFleet } from '#src/fleet/late-fleet.js'
import { IDLE_STATE } from '#src/fleet/member.js'
import { SingleFleet } from '#src/fleet/single-fleet.js'
import { TestApi } from '../http/support/test-api.js'

test('before it is joined nobody leads or claims, and who is at work is not known', async () => {
  const fleet = new LateFleet()
  assert.deepEqual([fleet.isLeader, fleet.isReplaced, fleet.mayServe('news')], [false, false, false])
  fleet.wake()
  await TestApi.with({ plugins: [fleetRoutes(fleet)] }, async (api) => {
    const { status, json } = await api.get('/v1/workers')
    assert.deepEqual([status, json.code], [503, 'STORE_FAILED'])
    await fleet.provide(new SingleFleet('one'))
    assert.equal((await api.get('/v1/workers')).json.items[0].name, 'one')
  })
  assert.deepEqual([fleet.isLeader, fleet.isReplaced, fleet.mayServe('news')], [true, false, true])
})

test('what a process does is said when it has joined, and a fleet that it joins too late is left', async () => {
  const led: boolean[] = []
  const service = {
    lines: () => [],
    lineOf: () => undefined,
    setConnections: () => Promise.resolve(),
    describe: () => IDLE_STATE,
    leading: (isLeader: boolean) => led.push(isLeader),
    resumed() {},
    replaced() {},
  }
  const fleet = new LateFleet()
  fleet.serve(service)
  assert.deepEqual(led, [])
  await fleet.provide(new SingleFleet('one'))
  assert.deepEqual(led, [true])
  await fleet.leave()
  assert.deepEqual(led, [true, false])
  const late = new LateFleet()
  await late.leave()
  const single = new SingleFleet('two')
  await late.provide(single)
  assert.equal(single.isLeader, false)
})
