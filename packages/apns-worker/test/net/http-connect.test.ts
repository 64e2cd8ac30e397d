import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HttpConnect, MAX_HEAD_BYTES, MAX_HEAD_LINES } from '#src/net/proxy/http-connect.js'
import type { HandshakeStep } from '#src/net/proxy/tunnel-handshake.js'

const LOGIN = { username: 'aladdin', password: 'open sesame' }
const DESTINATION = { host: 'api.push.apple.com', port: 443 }
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

function handshake(login?: typeof LOGIN): HttpConnect {
  return new HttpConnect(DESTINATION, login)
}

/** What a machine makes of an answer that comes in such pieces. */
function answerOf(pieces: readonly (string | Uint8Array)[], login?: typeof LOGIN): HandshakeStep {
  const machine = handshake(login)
  let last: HandshakeStep | undefined
  for (const piece of pieces) {
    assert.ok(last === undefined || last.kind === 'more', 'nothing is to come after the end')
    last = machine.receive(Buffer.from(piece))
  }
  assert.ok(last)
  return last
}

function failure(answer: string | Uint8Array, login?: typeof LOGIN): string {
  const step = answerOf([answer], login)
  assert.equal(step.kind, 'failed')
  return `${step.code} ${step.what}`
}

function greeting(machine: HttpConnect): string {
  return Buffer.from(machine.greeting()).toString('latin1')
}

describe('a request for a tunnel', () => {
  it('names the destination, and has no credentials if there are none', () => {
    assert.equal(
      greeting(handshake()),
      'CONNECT api.push.apple.com:443 HTTP/1.1\r\nHost: api.push.apple.com:443\r\n\r\n',
    )
  })

  it('has an IPv6 address in brackets', () => {
    const machine = new HttpConnect({ host: '2001:db8::1', port: 2197 }, undefined)
    assert.match(
      greeting(machine),
      /^CONNECT \[2001:db8::1\]:2197 HTTP\/1\.1\r\nHost: \[2001:db8::1\]:2197\r\n/,
    )
  })

  it('has credentials as Basic, in UTF-8', () => {
    assert.match(
      greeting(handshake(LOGIN)),
      /\r\nProxy-Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n$/,
    )
    const machine = new HttpConnect(DESTINATION, { username: 'test', password: '123£' })
    // The example of RFC 7617 section 2.1.
    assert.match(greeting(machine), /: Basic dGVzdDoxMjPCow==\r\n/)
  })
})

describe('an answer that opens the tunnel', () => {
  const OPENING = {
    'is any 2xx': 'HTTP/1.1 299 Whatever\r\n\r\n',
    'may be of HTTP/1.0': 'HTTP/1.0 200 OK\r\n\r\n',
    'needs no words': 'HTTP/1.1 200\r\n\r\n',
    'may have fields': 'HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\nX: \xff\r\n\r\n',
    'has no body, whatever its length says':
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    'may have bare line feeds': 'HTTP/1.1 200 OK\nVia: 1.1 proxy\n\n',
    'may have mixed line ends': 'HTTP/1.1 200 OK\r\nVia: 1.1 proxy\n\r\n',
    'may come after others that are none': `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ESTABLISHED}`,
  }
  const REST = '\x16\x03\x03\r\n\r\nHTTP/1.1 500'
  for (const [how, head] of Object.entries(OPENING)) {
    it(`${how}; what is behind it belongs to the tunnel`, () => {
      const bytes = Buffer.from(head + REST, 'latin1')
      const headBytes = Buffer.byteLength(head, 'latin1')
      for (let cut = 1; cut < bytes.length; cut++) {
        const machine = handshake()
        let step = machine.receive(bytes.subarray(0, cut))
        assert.equal(step.kind, cut < headBytes ? 'more' : 'open')
        const expected = Math.max(cut, headBytes)
        if (step.kind === 'more') step = machine.receive(bytes.subarray(cut))
        assert.equal(step.kind, 'open')
        const end = cut < headBytes ? bytes.length : expected
        assert.deepEqual(Buffer.from(step.rest), bytes.subarray(headBytes, end))
      }
      const single = Array.from(bytes.subarray(0, headBytes), (byte) => Uint8Array.of(byte))
      assert.deepEqual(answerOf(single), { kind: 'open', rest: Buffer.alloc(0) })
    })
  }
})

describe('an answer that opens none', () => {
  for (const [status, words] of [
    [301, ''],
    [400, ': it may not open tunnels'],
    [403, ': it does not allow this destination'],
    [404, ': it may not open tunnels, or not know this destination'],
    [405, ': it does not open tunnels'],
    [429, ': it wants fewer of them'],
    [500, ''],
    [501, ': it does not open tunnels'],
    [502, ': it could not reach the destination'],
    [503, ': it is overloaded, or could not reach the destination'],
    [504, ': the destination did not answer it'],
    [101, ''],
    [999, ''],
  ] as const) {
    it(`is ${status}`, () => {
      assert.equal(
        failure(`HTTP/1.1 ${status} Words of theirs\r\nA: b\r\n\r\n`, LOGIN),
        `PROXY_REFUSED answered ${status} to CONNECT api.push.apple.com:443${words}`,
      )
    })
  }
})

describe('an answer that wants credentials', () => {
  const answer = (...challenges: readonly string[]): string =>
    `HTTP/1.1 407 No\r\n${challenges.map((challenge) => `proxy-AUTHENTICATE: ${challenge}\r\n`).join('')}\r\n`

  it('is a matter of configuration', () => {
    assert.equal(failure(answer()), 'PROXY_CREDENTIALS wants a user and password (407)')
    assert.equal(failure(answer('Basic realm="x"')), 'PROXY_CREDENTIALS wants a user and password (407)')
    assert.equal(failure(answer(), LOGIN), 'PROXY_CREDENTIALS does not take this user and password (407)')
  })

  it('may be a 401, where 407 is meant', () => {
    const unauthorized = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\n\r\n'
    assert.match(failure(unauthorized, LOGIN), /^PROXY_CREDENTIALS does not .* \(401\); it asks for NTLM/)
  })

  it('says so where it is not Basic that it wants', () => {
    const limit = (...challenges: readonly string[]): string =>
      failure(answer(...challenges), LOGIN).replace(/^.*\(407\)/, '')
    const only = 'authentication, and only Basic is spoken here'
    assert.equal(limit('NTLM'), `; it asks for NTLM ${only}`)
    assert.equal(limit('Negotiate', 'ntlm'), `; it asks for Negotiate or NTLM ${only}`)
    assert.equal(
      limit('Digest realm="a, b", nonce="c", Negotiate'),
      `; it asks for Digest or Negotiate ${only}`,
    )
    assert.equal(limit('Negotiate, Basic realm="x"'), '')
    assert.equal(limit('NTLM', 'Basic realm="x"'), '')
    assert.equal(limit('Bearer basic="x"'), `; it asks for Bearer ${only}`)
  })

  it('is not repeated: it might hold the password', () => {
    const { username, password } = LOGIN
    const text = failure(
      `HTTP/1.1 407 ${password}\r\nProxy-Authenticate: ${username} ${password}\r\n\r\n`,
      LOGIN,
    )
    assert.equal(text, 'PROXY_CREDENTIALS does not take this user and password (407)')
  })
})

describe('what is no answer', () => {
  const GARBAGE = 'PROXY_BAD_ANSWER answered CONNECT with what is not HTTP/1.1'
  it('is told from the first byte that is wrong', () => {
    for (const bytes of ['h', 'HTTQ', 'HTTP/2', '\0', '\r\n', '\n', ' HTTP/1.1 200 OK'])
      assert.equal(failure(bytes), GARBAGE, JSON.stringify(bytes))
  })

  it('is a status line that is none', () => {
    for (const line of [
      'HTTP/1.1',
      'HTTP/1.1 20',
      'HTTP/1.1 2000',
      'HTTP/1.1  200',
      'HTTP/1.x 200 OK',
      'HTTP/1.1 abc',
      'HTTP/1.1 099 x',
    ])
      assert.equal(failure(`${line}\r\n`), GARBAGE, line)
  })

  it('is an interim answer and then garbage', () => {
    assert.equal(failure('HTTP/1.1 100 Continue\r\n\r\n\r\n'), GARBAGE)
    assert.equal(failure('HTTP/1.1 100 Continue\r\n\r\nx'), GARBAGE)
  })

  it('may be TLS, which is said', () => {
    assert.equal(
      failure(Uint8Array.of(21, 3, 1, 0, 2, 2, 70)),
      `${GARBAGE}, but TLS: is it an https:// proxy?`,
    )
  })
})

describe('a head that does not end', () => {
  const ENDLESS = 'PROXY_BAD_ANSWER answered CONNECT with a head that does not end'
  const padded = (bytes: number): string => {
    const [before, after] = ['HTTP/1.1 200 OK\r\nX: ', '\r\n\r\n']
    return before + 'x'.repeat(bytes - before.length - after.length) + after
  }

  it('may be so long, and no longer', () => {
    assert.equal(answerOf([`${padded(MAX_HEAD_BYTES)}rest`]).kind, 'open')
    assert.equal(failure(padded(MAX_HEAD_BYTES + 1)), ENDLESS)
    assert.equal(answerOf([padded(2 * MAX_HEAD_BYTES).slice(0, MAX_HEAD_BYTES)]).kind, 'more')
    assert.equal(failure(padded(2 * MAX_HEAD_BYTES).slice(0, MAX_HEAD_BYTES + 1)), ENDLESS)
  })

  it('may have so many lines, and no more', () => {
    const head = (lines: number): string => `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(lines - 2)}\r\n`
    assert.equal(answerOf([head(MAX_HEAD_LINES)]).kind, 'open')
    assert.equal(failure(head(MAX_HEAD_LINES + 1)), ENDLESS)
  })

  it('may be made of many interim ones', () => {
    assert.equal(failure('HTTP/1.1 100 Continue\r\n\r\n'.repeat(MAX_HEAD_LINES)), ENDLESS)
  })
})
