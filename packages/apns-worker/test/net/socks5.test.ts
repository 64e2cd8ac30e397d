import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Socks5 } from '#src/net/proxy/socks5.js'
import type { HandshakeStep } from '#src/net/proxy/tunnel-handshake.js'

const LOGIN = { username: 'aladdin', password: 'open sésame' }
const DESTINATION = { host: 'api.push.apple.com', port: 443 }
const OPENED = [5, 0, 0, 1, 10, 0, 0, 1, 0x1f, 0x90]

function bytes(...parts: readonly (number | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))
}

/** A dialogue with a server that sends each of these; what the client sent, and how it ended. */
function dialogue(
  answers: readonly (readonly (number | string)[])[],
  { login, host = DESTINATION.host }: { login?: typeof LOGIN; host?: string } = {},
): { readonly sent: Buffer[]; readonly end: HandshakeStep } {
  const machine = new Socks5({ host, port: DESTINATION.port }, login)
  const sent = [Buffer.from(machine.greeting())]
  let end: HandshakeStep | undefined
  for (const answer of answers) {
    assert.ok(end === undefined || end.kind === 'more')
    end = machine.receive(bytes(...answer))
    if (end.kind === 'more' && end.send !== undefined) sent.push(Buffer.from(end.send))
  }
  assert.ok(end)
  return { sent, end }
}

function failure(...[answers, options]: Parameters<typeof dialogue>): string {
  const { end } = dialogue(answers, options)
  assert.equal(end.kind, 'failed')
  return `${end.code} ${end.what}`
}

const CONNECT = bytes(5, 1, 0, 3, 18, 'api.push.apple.com', 1, 0xbb)

describe('a SOCKS5 client', () => {
  it('asks for a tunnel by name, without credentials', () => {
    const { sent, end } = dialogue([[5, 0], OPENED])
    assert.deepEqual(sent, [bytes(5, 1, 0), CONNECT])
    assert.deepEqual(end, { kind: 'open', rest: Buffer.alloc(0) })
  })

  it('shows its credentials only where they are asked for', () => {
    const { sent } = dialogue([[5, 0], OPENED], { login: LOGIN })
    assert.deepEqual(sent, [bytes(5, 2, 0, 2), CONNECT])
    const asked = dialogue([[5, 2], [1, 0], OPENED], { login: LOGIN })
    assert.deepEqual(asked.sent, [bytes(5, 2, 0, 2), bytes(1, 7, 'aladdin', 12, 'open sésame'), CONNECT])
    assert.equal(asked.end.kind, 'open')
  })

  it('may have a user without a password', () => {
    const { sent } = dialogue([[5, 2]], { login: { username: 'x', password: '' } })
    assert.deepEqual(sent[1], bytes(1, 1, 'x', 0))
  })

  it('sends an address as one', () => {
    const addressOf = (host: string): number[] =>
      [...(dialogue([[5, 0]], { host }).sent[1] ?? [])].slice(3, -2)
    assert.deepEqual(addressOf('17.188.143.34'), [1, 17, 188, 143, 34])
    assert.deepEqual(addressOf('::1'), [4, ...Array.from({ length: 15 }, () => 0), 1])
    assert.deepEqual(
      addressOf('2001:db8:1:2:3:4:5:abcd'),
      [4, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0xab, 0xcd],
    )
    assert.deepEqual(addressOf('fe80::'), [4, 0xfe, 0x80, ...Array.from({ length: 14 }, () => 0)])
    assert.deepEqual(addressOf('::ffff:1.2.3.4'), [
      4,
      ...Array.from({ length: 10 }, () => 0),
      0xff,
      0xff,
      1,
      2,
      3,
      4,
    ])
    assert.deepEqual(addressOf('localhost'), [3, 9, ...bytes('localhost')])
  })

  for (const [what, address] of [
    ['an IPv4 address', [1, 1, 2, 3, 4]],
    ['an IPv6 address', [4, ...Array.from({ length: 16 }, () => 7)]],
    ['a name', [3, 5, 'proxy']],
    ['an empty name', [3, 0]],
  ] as const) {
    it(`takes an answer with ${what}, in any pieces; what is behind it belongs to the tunnel`, () => {
      const answer = bytes(5, 0, 0, ...address, 0, 80)
      const whole = Buffer.concat([answer, bytes(5, 1, 22)])
      for (let cut = 1; cut < whole.length; cut++) {
        const machine = new Socks5(DESTINATION, undefined)
        machine.receive(Uint8Array.of(5, 0))
        const first = machine.receive(whole.subarray(0, cut))
        assert.equal(first.kind, cut < answer.length ? 'more' : 'open')
        const step = first.kind === 'open' ? first : machine.receive(whole.subarray(cut))
        assert.equal(step.kind, 'open')
        const end = first.kind === 'open' ? cut : whole.length
        assert.deepEqual(Buffer.from(step.rest), whole.subarray(answer.length, end))
      }
    })
  }

  it('takes a dialogue byte by byte, and nothing for an empty chunk', () => {
    const machine = new Socks5(DESTINATION, LOGIN)
    const sent: Uint8Array[] = []
    let last: HandshakeStep['kind'] = 'more'
    for (const byte of [5, 2, 1, 0, ...OPENED]) {
      assert.deepEqual(machine.receive(new Uint8Array(0)), { kind: 'more', send: undefined })
      const step = machine.receive(Uint8Array.of(byte))
      if (step.kind === 'more' && step.send !== undefined) sent.push(step.send)
      last = step.kind
    }
    assert.deepEqual([last, sent.length], ['open', 2])
  })
})

describe('a SOCKS5 server that refuses', () => {
  for (const [reply, words] of [
    [1, 'it failed'],
    [2, 'its rules do not allow this destination'],
    [3, 'the network is unreachable from it'],
    [4, 'the destination is unreachable from it, or its name unknown there'],
    [5, 'the destination refused the connection'],
    [6, 'the connection took too long (TTL expired)'],
    [7, 'it does not know the command CONNECT'],
    [8, 'it does not know this type of address'],
    [9, 'for a reason that nobody knows'],
    [255, 'for a reason that nobody knows'],
  ] as const) {
    it(`(reply ${reply}) is explained in words, whether the reply is complete or not`, () => {
      const expected = `PROXY_REFUSED did not connect to api.push.apple.com:443: ${words} (SOCKS reply ${reply})`
      assert.equal(
        failure([
          [5, 0],
          [5, reply],
        ]),
        expected,
      )
      assert.equal(
        failure([
          [5, 0],
          [5, reply, 0, 1, 0, 0, 0, 0, 0, 0],
        ]),
        expected,
      )
    })
  }

  it('wants credentials, or others', () => {
    assert.match(failure([[5, 0xff]]), /^PROXY_CREDENTIALS wants a user and password, or another way/)
    assert.match(failure([[5, 0xff]], { login: LOGIN }), /^PROXY_CREDENTIALS takes neither/)
    for (const status of [1, 2, 255]) {
      assert.equal(
        failure(
          [
            [5, 2],
            [1, status],
          ],
          { login: LOGIN },
        ),
        'PROXY_CREDENTIALS does not take this user and password',
      )
    }
  })
})

describe('what is no SOCKS5', () => {
  it('is another version', () => {
    for (const version of [0, 4, 6]) {
      assert.equal(failure([[version]]), 'PROXY_BAD_ANSWER answered with what is not SOCKS version 5')
      assert.equal(failure([[5, 0], [version]]), 'PROXY_BAD_ANSWER answered with what is not SOCKS version 5')
    }
    assert.match(
      failure([['HTTP/1.1 400 Bad Request']]),
      /not SOCKS version 5, but perhaps HTTP: is it an http:\/\//,
    )
  })

  it('is another version of the user and password', () => {
    for (const version of [0, 5]) {
      assert.match(
        failure(
          [
            [5, 2],
            [version, 0],
          ],
          { login: LOGIN },
        ),
        /^PROXY_BAD_ANSWER answered the user and password in version \d, not 1/,
      )
    }
  })

  it('is a method that was not offered', () => {
    for (const [method, login] of [
      [1, LOGIN],
      [2, undefined],
      [0xfe, LOGIN],
    ] as const) {
      assert.match(
        failure([[5, method]], login === undefined ? {} : { login }),
        /^PROXY_BAD_ANSWER chose a way to authenticate that was not offered/,
      )
    }
  })

  it('is an answer to what was not asked yet', () => {
    const early = /^PROXY_BAD_ANSWER answered what it was not asked yet/
    assert.match(failure([[5, 0, 5]]), early)
    assert.match(failure([[5, 2, 1, 0]], { login: LOGIN }), early)
    assert.match(
      failure(
        [
          [5, 2],
          [1, 0, 5],
        ],
        { login: LOGIN },
      ),
      early,
    )
  })

  it('is an address of an unknown type', () => {
    assert.match(
      failure([
        [5, 0],
        [5, 0, 0, 2],
      ]),
      /^PROXY_BAD_ANSWER .*unknown type of address \(2\)/,
    )
  })
})
