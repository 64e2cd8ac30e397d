import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import {
  certificateOf,
  closedPort,
  doctor,
  keyOf,
  listen,
  placeOf,
  TOPIC,
  tlsWithoutAlpn,
} from './doctor-scene.js'

const apns = await startSimulator({ rules: [{ badDeviceToken: true }] })
after(() => apns.close())
const key = keyOf(apns.credentials)

/** What is printed of a report, before and after what is wrong. */
const SETUP = `ok      credential     provider token key KEY of team TEAM; it does not expire
ok      topic          com.example.app
`
const REACHED = `ok      DNS            127.0.0.1 is an address
ok      TCP            port PORT
                       127.0.0.1: connected in N ms
`
const SECURED = `${REACHED}ok      TLS            TLSv1.3, TLS_AES_256_GCM_SHA384; certificate localhost ← APNs Simulator Root, until DATE; trusted
ok      ALPN           HTTP/2
`
const SPOKEN = `${SECURED}ok      SETTINGS       the server takes 1 request at a time (more after a valid provider token), heads of up to 8000 bytes
`
const ONE_PROBLEM = `
1 problem, 0 warnings
`

/** The doctor says this, and that there are problems. */
async function assertSays(args: readonly string[], expected: string): Promise<void> {
  const { code, stdout, stderr } = await doctor(args)
  assert.equal(stdout, expected)
  assert.equal(stderr, '')
  assert.equal(code, 1)
}

describe('the doctor on a terminal that is none', () => {
  it('says that all is well', async () => {
    const { code, stdout, stderr } = await doctor([...key, ...placeOf(apns)])
    assert.equal(
      stdout,
      `${SETUP}
127.0.0.1:PORT
${SPOKEN}ok      authentication 400 BadDeviceToken, which is what a good credential gets for a device that can not exist
ok      clock          right within an hour: the server took a provider token that it dated

All is well.
`,
    )
    assert.equal(stderr, '')
    assert.equal(code, 0)
  })

  it('says that the key id is wrong, or the key was revoked', async () => {
    await using revoking = await startSimulator()
    const revoked = revoking.addKey()
    revoking.revokeKey(revoked.keyId)
    for (const credentials of [revoked, { ...revoking.credentials, keyId: 'WRONG12345' }]) {
      await assertSays(
        [...keyOf(credentials), ...placeOf(revoking)],
        `${SETUP}
127.0.0.1:PORT
${SPOKEN}problem authentication 403 InvalidProviderToken: The provider token is invalid.
                       → One of these is not right, and Apple does not say which: keyId belongs to another key than this file; teamId is another team's; the key was revoked; or this machine's clock is ahead by more than an hour.
skipped clock          the server gives no date to tell it by
${ONE_PROBLEM}`,
      )
    }
  })

  it('says that the certificate is for the other environment, before and after the server does', async () => {
    const certificate = certificateOf(apns, { environments: ['sandbox'] })
    const setup = `ok      credential     client certificate UID=com.example.app, CN=Apple Push Services: com.example.app, O=APNs Simulator, for the sandbox only; valid until DATE
ok      topic          com.example.app; the certificate is for com.example.app
`
    await assertSays(
      [...certificate, ...placeOf(apns), '--environment', 'production'],
      `${setup}
127.0.0.1:PORT, as production
problem environment    The certificate in certPath ('FILE') (UID=com.example.app, CN=Apple Push Services: com.example.app, O=APNs Simulator) is for the sandbox environment only, and environment is 'production'. Set environment to 'sandbox', or give a certificate for production.
                       Not checked because of this: authentication, clock
${SECURED}ok      SETTINGS       the server takes 1000 requests at a time, heads of up to 8000 bytes
${ONE_PROBLEM}`,
    )
    await assertSays(
      [...certificate, ...placeOf(apns)],
      `${setup}
127.0.0.1:PORT
${SECURED}ok      SETTINGS       the server takes 1000 requests at a time, heads of up to 8000 bytes
problem authentication 403 BadCertificateEnvironment: The client certificate is for the other environment.
                       → Use the environment that the certificate was made for ('sandbox' or 'production').
skipped clock          the server gives no date to tell it by
${ONE_PROBLEM}`,
    )
  })

  it('says that the certificate has expired, and checks what needs none', async () => {
    const days = (count: number): Date => new Date(Date.now() + count * 86_400_000)
    await assertSays(
      [...certificateOf(apns, { notBefore: days(-9), notAfter: days(-2) }), ...placeOf(apns)],
      `problem credential     The certificate in certPath ('FILE') (UID=com.example.app, CN=Apple Push Services: com.example.app, O=APNs Simulator) expired on DATE. Renew it at developer.apple.com; the app needs no change.
                       Not checked because of this: topic, authentication, clock

127.0.0.1:PORT
${SPOKEN}${ONE_PROBLEM}`,
    )
  })

  it('says that the authority is not trusted', async () => {
    await assertSays(
      [...key, ...placeOf(apns).slice(0, -2)],
      `${SETUP}
127.0.0.1:PORT
${REACHED}problem TLS            TLSv1.3, TLS_AES_256_GCM_SHA384; certificate localhost ← APNs Simulator Root, until DATE; signed by nobody whom this machine trusts (SELF_SIGNED_CERT_IN_CHAIN)
                       → Give the certificate of the authority that signed it as ca.
                       Not checked because of this: ALPN, SETTINGS, authentication, clock
${ONE_PROBLEM}`,
    )
  })

  it('says that the server does not speak HTTP/2', async () => {
    await assertSays(
      [...key, ...(await tlsWithoutAlpn())],
      `${SETUP}
127.0.0.1:PORT
${REACHED}ok      TLS            TLSv1.3, TLS_AES_256_GCM_SHA384; certificate localhost, until DATE; trusted
problem ALPN           the server speaks no HTTP/2, or does not say so
                       → Check host and port; a proxy that breaks TLS open has to pass on ALPN and HTTP/2.
                       Not checked because of this: SETTINGS, authentication, clock
${ONE_PROBLEM}`,
    )
  })

  it('says that nothing listens', async () => {
    await assertSays(
      [...key, '--host', '127.0.0.1', '--port', String(await closedPort())],
      `${SETUP}
127.0.0.1:PORT
ok      DNS            127.0.0.1 is an address
problem TCP            no connection to port PORT of the address
                       ! 127.0.0.1: refused (ECONNREFUSED)
                       → Nothing listens there: check host and port, and that the server runs.
                       Not checked because of this: TLS, ALPN, SETTINGS, authentication, clock
${ONE_PROBLEM}`,
    )
  })

  it('says that there is no such host', async () => {
    const { code, stdout } = await doctor([...key, '--environment', 'apns.invalid:443'])
    // Where there is no resolver at all, the name is not looked up, instead of unknown.
    const expected = `${SETUP}
apns.invalid:443
problem DNS            (there is no host apns\\.invalid|apns\\.invalid could not be looked up) \\(E[A-Z_]+\\)
                       → .+
                       Not checked because of this: TCP, TLS, ALPN, SETTINGS, authentication, clock
${ONE_PROBLEM}`
    assert.match(stdout, new RegExp(`^${expected}$`))
    assert.equal(code, 1)
  })

  it('says that the clock is two hours behind', async () => {
    await using ahead = await startSimulator({ now: () => Date.now() + 7_200_000 })
    await assertSays(
      [...keyOf(ahead.credentials), ...placeOf(ahead)],
      `${SETUP}
127.0.0.1:PORT
${SPOKEN}problem authentication 403 ExpiredProviderToken: The provider token is older than an hour.
                       → Set this machine's clock: the server takes a provider token made just now for an old one.
problem clock          it is behind by half an hour or more: a provider token that it dated now has expired for the server
                       → Set this machine's clock, and keep it right (NTP).

2 problems, 0 warnings
`,
    )
  })

  it('says that the proxy wants a user and password', async () => {
    const proxy = createHttpServer()
    proxy.on('connect', (_request, socket) =>
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    )
    const port = await listen(proxy)
    const args = [...key, ...placeOf(apns)]
    const report = (refusal: string): string => `${SETUP}
127.0.0.1:PORT, through http://127.0.0.1:PORT
${REACHED}problem proxy          the proxy http://127.0.0.1:PORT ${refusal} (407)
                       → Give the user and password in the URL of the proxy, percent-encoded: http://user:password@host:port.
                       Not checked because of this: TLS, ALPN, SETTINGS, authentication, clock
${ONE_PROBLEM}`
    await assertSays([...args, '--proxy', `http://127.0.0.1:${port}`], report('wants a user and password'))
    const wrong = `http://aladdin:sesame@127.0.0.1:${port}`
    await assertSays([...args, '--proxy', wrong], report('does not take this user and password'))
  })

  it('gives up on a black hole', async () => {
    const port = await listen(createServer((socket) => socket.resume()))
    await assertSays(
      [...key, '--host', '127.0.0.1', '--port', String(port), '--timeout', '2'],
      `${SETUP}
127.0.0.1:PORT
${REACHED}problem TLS            no answer to the TLS handshake within 2 s
                       → Something in between takes connections and leads nowhere, or the server is stuck.
                       Not checked because of this: ALPN, SETTINGS, authentication, clock
${ONE_PROBLEM}`,
    )
  })

  it('warns, and is content', async () => {
    const soon = new Date(Date.now() + 9.5 * 86_400_000)
    const { code, stdout } = await doctor([...certificateOf(apns, { notAfter: soon }), ...placeOf(apns)])
    assert.match(stdout, /^warning credential .*; valid until DATE, which is in 9 days\n +→ Renew it /)
    assert.match(stdout, /\n\n0 problems, 1 warning\n$/)
    assert.equal(code, 0)
  })

  it('checks several servers, each under its own heading', async () => {
    const { code, stdout } = await doctor([...key, '--environment', 'both', '--port', '2197'], {
      APNS_PROXY: `http://127.0.0.1:${await closedPort()}`,
    })
    const headings = stdout.split('\n').filter((line) => line.includes(': api.'))
    assert.deepEqual(headings, [
      'production: api.push.apple.com:2197, through http://127.0.0.1:PORT',
      'sandbox: api.sandbox.push.apple.com:2197, through http://127.0.0.1:PORT',
    ])
    assert.match(stdout, /\n2 problems, 0 warnings\n$/)
    assert.equal(code, 1)
  })

  it('checks broadcasts and channels where these are asked for', async () => {
    const channelPort = ['--channel-port', String(apns.environment.channelPort)]
    const { stdout } = await doctor([...key, ...placeOf(apns), '--broadcasts', ...channelPort])
    const headings = stdout.split('\n').filter((line) => line.endsWith(':PORT'))
    assert.deepEqual(headings, [
      '127.0.0.1:PORT',
      'broadcasts at 127.0.0.1:PORT',
      'channels at 127.0.0.1:PORT',
    ])
    assert.equal(stdout.match(/ok {6}authentication 400 ChannelNotRegistered/g)?.length, 2)
    const env = { APNS_PROXY: `http://127.0.0.1:${await closedPort()}` }
    const atApple = await doctor([...key, '--environment', 'sandbox', '--broadcasts'], env)
    assert.match(
      atApple.stdout,
      /\nsandbox broadcasts: api-broadcast\.sandbox\.push\.apple\.com:443, through /,
    )
    assert.match(atApple.stdout, /\nsandbox channels: api-manage-broadcast\.sandbox\.push\.apple\.com:2195, /)
    const lost = await doctor([...key, ...channelPort])
    assert.match(lost.stderr, /--channel-port is another server's/)
    assert.equal(lost.code, 2)
  })

  it('needs neither credential nor topic to look at the way', async () => {
    const { code, stdout } = await doctor(placeOf(apns), { APNS_TOPIC: TOPIC })
    assert.match(stdout, /^problem credential {5}No credential is given\./)
    assert.match(stdout, /\nok {6}SETTINGS /)
    assert.equal(code, 1)
  })
})
