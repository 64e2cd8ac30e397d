import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appOfLane, laneName, parseLane } from '#src/apps/app-registry.js'

test('a lane’s name says all that there is to say of it', () => {
  for (const environment of [undefined, 'production', 'sandbox'] as const) {
    for (const service of ['devices', 'broadcast'] as const) {
      const name = laneName('com.example.app', environment, service)
      assert.deepEqual(parseLane(name), { app: 'com.example.app', environment, service })
      assert.equal(appOfLane(name), 'com.example.app')
    }
  }
  assert.equal(laneName('news', undefined), 'news')
  for (const wrong of ['', '@production', 'news@moon', 'news#', 'news#broadcast@sandbox'])
    assert.equal(parseLane(wrong), undefined, wrong)
})
