import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  enhancedFrame,
  frameOf,
  item,
  itemsFrame,
  PAYLOAD,
  simpleFrame,
  token,
  uint32,
  withGateway,
} from './gateway-client.js'

test('takes all three commands in silence', async () => {
  const now = (): number => 1_700_000_000_123
  await withGateway({ now }, async ({ gateway, connect }) => {
    const client = await connect()
    client.write(simpleFrame({ token: token(1) }))
    client.write(enhancedFrame({ token: token(2), ident: 4_294_967_295, expiration: 1_800_000_000 }))
    client.write(itemsFrame({ token: token(3), ident: 3, expiration: 0 }, [item(5, Buffer.of(10))]))
    await gateway.waitFor(3)
    const common = {
      body: Buffer.from(PAYLOAD),
      connection: 1,
      fate: 'accepted',
      status: undefined,
      at: now(),
    }
    const none = { ident: undefined, expiration: undefined, priority: undefined }
    assert.deepEqual(
      gateway.received.map((notification) => ({ ...notification })),
      [
        { ...common, ...none, token: token(1), command: 0, index: 1 },
        {
          ...{ ...common, ...none, token: token(2), command: 1, index: 2 },
          ...{ ident: 4_294_967_295, expiration: 1_800_000_000 },
        },
        { ...common, token: token(3), command: 2, index: 3, ident: 3, expiration: 0, priority: 10 },
      ],
    )
    assert.deepEqual(gateway.received[0]?.payload, { aps: { alert: 'hello' } })
    client.socket.end()
    assert.equal(await client.response(), undefined)
  })
})

test('takes items in any order, optional ones or none, and a payload that is no JSON', async () => {
  await withGateway({}, async ({ gateway, connect }) => {
    const client = await connect()
    const [tokenItem, payloadItem] = [item(1, Buffer.from(token(1), 'hex')), item(2, Buffer.from('{'))]
    client.write(
      frameOf([item(5, Buffer.of(5)), payloadItem, item(4, uint32(9)), tokenItem, item(3, uint32(7))]),
      frameOf([tokenItem, payloadItem]),
    )
    await gateway.waitFor(2)
    const facts = gateway.received.map(({ token: hex, ident, expiration, priority, payload }) => [
      ...[hex, ident, expiration, priority, payload],
    ])
    assert.deepEqual(facts, [
      [token(1), 7, 9, 5, undefined],
      [token(1), undefined, undefined, undefined, undefined],
    ])
  })
})

test('frames may come in any pieces', async () => {
  await withGateway({}, async ({ gateway, connect }) => {
    const frames = [simpleFrame(), enhancedFrame({ ident: 2 }), itemsFrame({ ident: 3 })]
    const slow = await connect()
    slow.writeSlowly(Buffer.concat([...frames, ...frames]))
    await gateway.waitFor(6)
    assert.deepEqual(
      gateway.received.map(({ ident }) => ident),
      [undefined, 2, 3, undefined, 2, 3],
    )

    // Many frames to a chunk, and a cut through every position of one of them.
    const many = Buffer.concat(Array.from({ length: 500 }, (_, index) => itemsFrame({ ident: index })))
    const fast = await connect()
    for (let at = 0; at < many.length; at += 997) fast.write(many.subarray(at, at + 997))
    await gateway.waitFor(506)
    assert.deepEqual(
      gateway.received.slice(6).map(({ ident }) => ident),
      Array.from({ length: 500 }, (_, index) => index),
    )
  })
})

test('refuses what is missing or has a wrong size, with the right status and ident', async () => {
  const long = (bytes: number): string => 'x'.repeat(bytes)
  const cases: [what: string, frame: Buffer, status: number][] = [
    ['items: no token item', frameOf([item(2, Buffer.from(PAYLOAD)), item(3, uint32(9))]), 2],
    ['items: empty token', itemsFrame({ token: '', ident: 9 }), 2],
    ['items: token of 101 bytes', itemsFrame({ token: 'ab'.repeat(101), ident: 9 }), 5],
    ['items: no payload item', frameOf([item(1, Buffer.alloc(32, 1)), item(3, uint32(9))]), 4],
    ['items: empty payload', itemsFrame({ payload: '', ident: 9 }), 4],
    ['items: neither', frameOf([item(3, uint32(9))]), 2],
    ['items: payload of 2049 bytes', itemsFrame({ payload: long(2049), ident: 9 }), 7],
    ['items: the longest payload', itemsFrame({ payload: long(65_535), ident: 9 }), 7],
    ['enhanced: empty token', enhancedFrame({ token: '', ident: 9 }), 2],
    ['enhanced: token of 101 bytes', enhancedFrame({ token: 'ab'.repeat(101), ident: 9 }), 5],
    ['enhanced: empty payload', enhancedFrame({ payload: '', ident: 9 }), 4],
    ['enhanced: payload of 257 bytes', enhancedFrame({ payload: long(257), ident: 9 }), 7],
  ]
  await withGateway({}, async ({ gateway, connect }) => {
    for (const [what, frame, status] of cases) {
      const client = await connect()
      client.write(frame)
      assert.deepEqual(await client.response(), { status, ident: 9 }, what)
      assert.equal(gateway.rejected.at(-1)?.status, status, what)
    }
    assert.deepEqual(gateway.counts().byStatus, { 2: 4, 4: 3, 5: 2, 7: 3 })
    const good = await connect()
    good.write(itemsFrame({ payload: long(2048) }), itemsFrame({ token: 'ab'.repeat(100) }))
    good.write(enhancedFrame({ payload: long(256) }), simpleFrame({ payload: long(256), token: 'ab' }))
    await gateway.waitFor(4)
  })
})

test('command 0 has no error response: the connection is closed', async () => {
  await withGateway({}, async ({ gateway, connect }) => {
    const bad = [
      simpleFrame({ token: '' }),
      simpleFrame({ payload: '' }),
      simpleFrame({ payload: 'x'.repeat(257) }),
    ]
    for (const frame of bad) {
      const client = await connect()
      client.write(frame, simpleFrame())
      assert.equal((await client.ended()).length, 0)
    }
    assert.deepEqual(
      gateway.rejected.map(({ command, status }) => [command, status]),
      [
        [0, 2],
        [0, 4],
        [0, 7],
      ],
    )
    assert.equal(gateway.received.length, 0)
  })
})

test('what can not be read is a protocol error, which names the ident if it is known', async () => {
  const cases: [frame: Buffer, ident: number, problem: RegExp][] = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 0, /^command 71 is unknown/],
    [Buffer.of(3), 0, /^command 3 is unknown/],
    [Buffer.concat([Buffer.of(2), uint32(0xffff_ffff)]), 0, /^a frame of 4294967295 bytes/],
    [Buffer.concat([Buffer.of(2), uint32(131_095)]), 0, /^a frame of 131095 bytes, 131094 at most/],
    [itemsFrame({ ident: 9 }, [item(6, Buffer.of(1))]), 9, /^there is no item 6/],
    [itemsFrame({ ident: 9 }, [item(2, Buffer.from('{}'))]), 9, /^a second item 2 \(payload\)/],
    [
      itemsFrame({ ident: 9 }, [item(4, Buffer.alloc(8))]),
      9,
      /^item 4 \(expiration\) has 8 bytes instead of 4/,
    ],
    [itemsFrame({ ident: 9 }, [item(5, Buffer.alloc(0))]), 9, /^item 5 \(priority\) has 0 bytes/],
    [frameOf([item(3, Buffer.of(9))]), 0, /^item 3 \(ident\) has 1 bytes/],
    [itemsFrame({ ident: 9 }, [Buffer.of(4, 0, 4, 1)]), 9, /^item 4 ends behind its frame/],
    [itemsFrame({ ident: 9 }, [Buffer.of(4, 0)]), 9, /^item 4 ends behind its frame/],
  ]
  await withGateway({}, async ({ gateway, connect }) => {
    for (const [index, [frame, ident, problem]] of cases.entries()) {
      const client = await connect()
      client.write(itemsFrame({ ident: 8 }), frame, itemsFrame({ ident: 10 }))
      assert.deepEqual(await client.response(), { status: 128, ident }, String(problem))
      const error = gateway.protocolErrors.at(-1)
      assert.match(error?.problem ?? '', problem)
      assert.deepEqual([error?.connection, error?.after], [index + 1, 1])
    }
    assert.equal(gateway.received.length, cases.length)
    assert.equal(gateway.discarded.length, 0)
    assert.equal(gateway.counts().protocolErrors, cases.length)
  })
})

test('a longest frame passes byte by byte, and garbage behind an error response harms nobody', async () => {
  await withGateway({ payloadLimits: { items: 65_535 } }, async ({ gateway, connect }) => {
    const client = await connect()
    const frame = itemsFrame({ payload: 'x'.repeat(8_000), ident: 1 })
    client.writeSlowly(frame)
    await gateway.waitFor(1)
    client.write(itemsFrame({ token: '', ident: 2 }), itemsFrame({ ident: 3 }), Buffer.alloc(100_000, 0xff))
    assert.deepEqual(await client.response(), { status: 2, ident: 2 })
    assert.deepEqual(gateway.counts().protocolErrors, 0)
  })
})

test('knows only the formats, sizes and tokens that it is told', async () => {
  const options = {
    formats: ['simple', 'enhanced'],
    payloadLimits: { enhanced: 10 },
    tokenBytes: { min: 32, max: 32 },
  } as const
  await withGateway(options, async ({ connect }) => {
    const answers: [frame: Buffer, answer: object][] = [
      [itemsFrame({ ident: 9 }), { status: 128, ident: 0 }],
      [enhancedFrame({ payload: 'x'.repeat(11), ident: 9 }), { status: 7, ident: 9 }],
      [enhancedFrame({ payload: '{}', token: 'ab'.repeat(31), ident: 9 }), { status: 5, ident: 9 }],
      [enhancedFrame({ payload: '{}', token: 'ab'.repeat(33), ident: 9 }), { status: 5, ident: 9 }],
    ]
    for (const [frame, answer] of answers) {
      const client = await connect()
      client.write(frame)
      assert.deepEqual(await client.response(), answer)
    }
  })
})
