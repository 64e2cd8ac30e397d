import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayNotification, GatewayRule } from '@apns-worker/simulator'
import { enhancedFrame, itemsFrame, simpleFrame, token, withGateway } from './gateway-client.js'

const STATUSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 128, 255]

function idents(notifications: readonly GatewayNotification[]): (number | undefined)[] {
  return notifications.map(({ ident }) => ident)
}

/** Frames of command 2 to tokens of the same number as their ident. */
function frames(from: number, to: number): Buffer[] {
  return Array.from({ length: to - from + 1 }, (_, index) =>
    itemsFrame({ token: token(from + index), ident: from + index }),
  )
}

test('every status, by token; what comes before is accepted, what comes after is discarded', async () => {
  const rules = STATUSES.map((status) => ({ token: token(status), status }))
  await withGateway({ rules }, async ({ gateway, connect }) => {
    const byStatus: Record<number, number> = {}
    for (const [index, status] of STATUSES.entries()) {
      const client = await connect()
      client.write(
        enhancedFrame({ token: token(1001), ident: 1 }),
        itemsFrame({ token: token(status), ident: 2 }),
      )
      client.write(itemsFrame({ token: token(1003), ident: 3 }), enhancedFrame({ ident: 4 }), simpleFrame())
      assert.deepEqual(await client.response(), { status, ident: 2 })
      const isAccepting = status === 0 || status === 10
      if (!isAccepting) byStatus[status] = 1
      const mine = ({ connection }: GatewayNotification): boolean => connection === index + 1
      assert.deepEqual(idents(gateway.received.filter(mine)), isAccepting ? [1, 2] : [1], `status ${status}`)
      assert.deepEqual(idents(gateway.rejected.filter(mine)), isAccepting ? [] : [2], `status ${status}`)
      assert.deepEqual(idents(gateway.discarded.filter(mine)), [3, 4, undefined], `status ${status}`)
    }
    assert.deepEqual(gateway.counts().byStatus, byStatus)
    assert.equal(gateway.rejected[0]?.status, 1)
  })
})

test('the error response reaches a client that goes on sending', async () => {
  await withGateway({ rules: [{ nth: 100, status: 8 }], record: 1 }, async ({ gateway, connect }) => {
    for (let round = 1; round <= 5; round++) {
      const client = await connect()
      const burst = Buffer.concat(frames(1, 1000))
      const flood = (): void => {
        if (client.socket.writable && client.socket.write(burst)) setImmediate(flood)
      }
      client.socket.on('drain', flood)
      flood()
      assert.deepEqual(await client.response(), { status: 8, ident: 100 })
      const { accepted, rejected } = gateway.counts()
      assert.deepEqual([accepted, rejected], [99 * round, round])
    }
  })
})

test('a scripted status closes a connection of command 0 without a word', async () => {
  await withGateway({ rules: [{ status: 8 }] }, async ({ gateway, connect }) => {
    const client = await connect()
    client.write(simpleFrame(), simpleFrame())
    assert.equal(await client.response(), undefined)
    assert.deepEqual([gateway.rejected.length, gateway.discarded.length], [1, 1])
  })
})

test('rules by token, prefix, expression, list, share, and a function; the first that fits decides', async () => {
  const rules: GatewayRule[] = [
    { token: token(0xa1).toUpperCase(), status: 1 },
    { token: [token(0xa2), token(0xa3)], status: 2 },
    { tokenPrefix: 'FF', status: 3 },
    { token: /b[0-9]$/, status: 4 },
    { when: ({ payload, ident }) => ident === 7 && payload !== undefined, status: 5 },
    { token: token(0xa1), status: 6 },
  ]
  const cases: [hex: string, ident: number, status: number | undefined][] = [
    [token(0xa1), 1, 1],
    [token(0xa2), 1, 2],
    [token(0xa3), 1, 2],
    [`ff${token(1).slice(2)}`, 1, 3],
    [token(0xb7), 1, 4],
    [token(1), 7, 5],
    [token(1), 8, undefined],
  ]
  await withGateway({ rules }, async ({ gateway, connect }) => {
    for (const [hex, ident, status] of cases) {
      const client = await connect()
      client.write(itemsFrame({ token: hex, ident }))
      if (status === undefined) await gateway.waitFor(1)
      else assert.deepEqual(await client.response(), { status, ident })
    }
  })
})

test('shares fall on the same tokens each time, chosen by the seed, and do not overlap', async () => {
  const fate = async (seed: number, rules: readonly GatewayRule[]): Promise<string[]> => {
    let silent: string[] = []
    await withGateway({ seed, rules }, async ({ gateway, connect }) => {
      const client = await connect()
      client.write(...frames(1, 400))
      await gateway.waitFor(({ received, discarded }) => received.length + discarded.length === 400)
      silent = gateway.discarded.map(({ token: hex }) => hex)
    })
    return silent
  }
  const tenth = { share: 0.1, silent: true } as const
  const first = await fate(1, [tenth])
  assert.ok(first.length > 20 && first.length < 60, String(first.length))
  assert.deepEqual(await fate(1, [tenth]), first)
  assert.notDeepEqual(await fate(2, [tenth]), first)
  const both = await fate(1, [tenth, tenth])
  assert.ok(both.length > first.length)
})

test('rules by count: nth of a connection, after, times, times per token; and taken away again', async () => {
  await withGateway({}, async ({ gateway, connect }) => {
    const answer = async (...sent: readonly Buffer[]): Promise<unknown> => {
      const client = await connect()
      client.write(...sent)
      return client.response()
    }
    const remove = gateway.reply({ nth: 3, status: 10 })
    assert.deepEqual(await answer(...frames(1, 5)), { status: 10, ident: 3 })
    assert.deepEqual(await answer(...frames(11, 15)), { status: 10, ident: 13 })
    remove()
    const removeSecond = gateway.reply({ connection: 4, nth: [2, 4], status: 1 })
    const third = await connect()
    third.write(...frames(21, 25))
    await gateway.waitFor(6 + 5)
    assert.deepEqual(await answer(...frames(31, 35)), { status: 1, ident: 32 })
    removeSecond()

    gateway.reply({ after: 2, times: 1, status: 255 })
    assert.deepEqual(await answer(...frames(41, 45)), { status: 255, ident: 43 })
    gateway.reply({ timesPerToken: 1, silent: true })
    third.write(...frames(51, 52), ...frames(51, 53))
    await gateway.waitFor(({ received }) => received.at(-1)?.ident === 52)
    await gateway.waitFor(({ discarded }) => discarded.at(-1)?.ident === 53)
    assert.deepEqual(idents(gateway.discarded.slice(-3)), [51, 52, 53])
  })
})

test('an error response may be late, name another notification, or come in pieces', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const rules: GatewayRule[] = [{ token: token(2), status: 8, ident: 4_000_000_000, delay: 5 }]
  await withGateway({ rules, chunkBytes: 1 }, async ({ gateway, connect }) => {
    const client = await connect()
    client.write(...frames(1, 2))
    await gateway.waitFor(({ rejected }) => rejected.length === 1)
    client.write(...frames(3, 4))
    await gateway.waitFor(({ discarded }) => discarded.length === 2)
    assert.equal(client.pieces.length, 0)
    context.mock.timers.tick(5_000)
    assert.deepEqual(await client.response(), { status: 8, ident: 4_000_000_000 })
    assert.deepEqual(idents(gateway.discarded), [3, 4])
    assert.ok(client.pieces.length > 1)
  })
})

test('an error response may have more bytes behind it, where there is one', async () => {
  const rules: GatewayRule[] = [{ status: 8, trailing: 'ff00' }]
  await withGateway({ rules }, async ({ connect }) => {
    const told = await connect()
    told.write(itemsFrame({ token: token(1), ident: 2 }))
    assert.equal((await told.ended()).toString('hex'), '080800000002ff00')
    const untold = await connect()
    untold.write(simpleFrame())
    assert.equal((await untold.ended()).length, 0)
  })
})

test('any bytes in place of an error response', async () => {
  const rules: GatewayRule[] = [
    { token: token(1), bytes: '080a' },
    { token: token(2), bytes: Buffer.alloc(40_000, 7) },
  ]
  await withGateway({ rules }, async ({ gateway, connect }) => {
    const short = await connect()
    short.write(itemsFrame({ token: token(1) }), itemsFrame())
    assert.equal((await short.ended()).toString('hex'), '080a')
    const long = await connect()
    long.write(itemsFrame({ token: token(2) }))
    assert.deepEqual(await long.ended(), Buffer.alloc(40_000, 7))
    assert.equal(gateway.discarded.length, 3)
  })
})

test('silence: the notification is thrown away and the connection goes on', async () => {
  await withGateway({ rules: [{ token: token(2), silent: true }] }, async ({ gateway, connect }) => {
    const client = await connect()
    client.write(...frames(1, 3))
    await gateway.waitFor(2)
    assert.deepEqual(idents(gateway.received), [1, 3])
    assert.deepEqual(idents(gateway.discarded), [2])
    assert.equal(gateway.counts().openConnections, 1)
  })
})

test('a rule that makes no sense is refused at once', async () => {
  const wrong: [rule: object, message: RegExp][] = [
    [{}, /says nothing/],
    [{ token: token(1) }, /says nothing/],
    [{ status: 8, silent: true }, /status and silent exclude each other/],
    [{ status: 256 }, /"status" is a whole number from 0 to 255/],
    [{ status: 8, ident: -1 }, /"ident"/],
    [{ silent: true, ident: 1 }, /"ident" needs "status"/],
    [{ status: 8, delay: -1 }, /"delay"/],
    [{ status: 8, share: 2 }, /"share"/],
    [{ status: 8, reason: 'x' }, /there is no "reason"/],
    [{ status: 8, disconnectAtByte: 1 }, /there is no "status"/],
    [{ bytes: '08a' }, /"bytes" as a string .* hexadecimal/],
    [{ status: 8, trailing: '0' }, /"trailing" as a string .* hexadecimal/],
    [{ bytes: '08', trailing: '00' }, /"trailing" needs "status"/],
    [{ feedback: Number.NaN }, /no time/],
    [{ disconnectAtByte: -1 }, /"disconnectAtByte"/],
    [{ disconnectAtByte: 1, bytesPerSecond: 1 }, /exactly one/],
    [{ bytesPerSecond: 0 }, /"bytesPerSecond"/],
    [{ keepOpen: true }, /a gateway connection needs exactly one of/],
    [{ service: 'feedback', stopReadingAtByte: 1 }, /a feedback connection needs exactly one of/],
    [{ service: 'other', keepOpen: true }, /"service" is gateway or feedback/],
  ]
  await withGateway({}, async ({ gateway }) => {
    for (const [rule, message] of wrong) {
      assert.throws(() => gateway.reply(rule), { name: 'TypeError', message })
    }
  })
})
