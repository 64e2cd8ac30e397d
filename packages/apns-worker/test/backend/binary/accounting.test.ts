import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GatewayRule, startGateway } from '@apns-worker/simulator'
import fc from 'fast-check'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { tokensOf } from '../../support/sender.js'

failOnLeaks()

/** Trouble on one of the first connections; from the fifth on there is none, so that it ends. */
const trouble: fc.Arbitrary<GatewayRule> = fc.oneof(
  fc.record({
    connection: fc.integer({ min: 1, max: 4 }),
    nth: fc.integer({ min: 1, max: 60 }),
    status: fc.constantFrom(8, 5, 7, 255),
  }),
  fc.record({
    connection: fc.integer({ min: 1, max: 4 }),
    nth: fc.integer({ min: 1, max: 60 }),
    status: fc.constant(10),
  }),
  fc.record({
    connection: fc.integer({ min: 1, max: 4 }),
    disconnectAtByte: fc.integer({ min: 1, max: 5000 }),
  }),
)

const lists = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 })

test("the gateway's record and the manager's reports account for every notification", async (context) => {
  const seed = Date.now() & 0x7fff_ffff
  context.diagnostic(`seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(lists, fc.array(trouble, { maxLength: 4 }), async (sizes, rules) => {
      await using gateway = await startGateway({ rules })
      await using sender = new GatewaySender(gateway)
      const all = tokensOf(sizes.reduce((sum, size) => sum + size, 0))
      const deliveries = sizes.map((size, index) => {
        const from = sizes.slice(0, index).reduce((sum, each) => sum + each, 0)
        return sender.send(all.slice(from, from + size))
      })
      const outcomes = (await Promise.all(deliveries.map((delivery) => sender.outcomes(delivery)))).flat()

      assert.deepEqual(outcomes.map(({ token }) => token).toSorted(), all.toSorted(), 'each has one outcome')
      const refused = outcomes.filter(({ status }) => status !== 'accepted').map(({ token }) => token)
      assert.deepEqual(
        sender.errors.map(({ token }) => token ?? '').toSorted(),
        refused.toSorted(),
        'each refusal is reported once',
      )
      const rejected = gateway.rejected.map(({ token }) => token)
      for (const token of refused) assert.ok(rejected.includes(token), 'the gateway has refused it')

      const times = new Map<string, number>()
      for (const { token } of gateway.received) times.set(token, (times.get(token) ?? 0) + 1)
      // What is cut without a word leaves in doubt what was written on that connection.
      const cuts = rules.some((rule) => 'disconnectAtByte' in rule)
      for (const { token, status } of outcomes) {
        const count = times.get(token) ?? 0
        if (status === 'accepted')
          assert.ok(cuts ? count >= 1 : count === 1, `${token} arrived ${count} times`)
      }
      for (const connection of new Set(gateway.received.map((each) => each.connection))) {
        const order = gateway.received
          .filter((each) => each.connection === connection)
          .map(({ token }) => token)
        assert.deepEqual(order, order.toSorted(), 'order is kept')
      }
    }),
    { seed, numRuns: 12 },
  )
})
