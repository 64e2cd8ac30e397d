import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startSimulator } from '@apns-worker/simulator'
import { MAIN } from './command.js'
import { certificateOf, closedPort, doctor, fileOf, keyOf, named, placeOf, TOPIC } from './doctor-scene.js'

const apns = await startSimulator({ rules: [{ badDeviceToken: true }] })
after(() => apns.close())
const key = keyOf(apns.credentials)

const [GREEN, RED, BOLD, PLAIN_COLOUR, PLAIN_WEIGHT] = [32, 31, 1, 39, 22].map((code) => `\u001b[${code}m`)
const OK = `${GREEN}✓${PLAIN_COLOUR}`
/** The report on a server that is not trusted, as lines are broken on 80 columns. */
const ON_TERMINAL = `${OK} credential     provider token key KEY of team TEAM; it does not
                 expire
${OK} topic          com.example.app

${BOLD}127.0.0.1:PORT${PLAIN_WEIGHT}
${OK} DNS            127.0.0.1 is an address
${OK} TCP            port PORT
                 127.0.0.1: connected in N ms
${RED}✗${PLAIN_COLOUR} TLS            TLSv1.3, TLS_AES_256_GCM_SHA384; certificate localhost ← APNs
                 Simulator Root, until DATE; signed by nobody whom this
                 machine trusts (SELF_SIGNED_CERT_IN_CHAIN)
                 → Give the certificate of the authority that signed it as ca.
                 Not checked because of this: ALPN, SETTINGS, authentication,
                 clock

1 problem, 0 warnings
`
/** `script` gives the command a terminal. */
const SCRIPT_MISSING =
  process.env['CI'] === 'true' || spawnSync('script', ['--version']).status === 0
    ? false
    : 'script is not installed (apt-get install bsdutils)'

describe('the doctor on a terminal', () => {
  const untrusted = [...key, ...placeOf(apns).slice(0, -2)]

  /** Runs the doctor in a terminal of so many columns; nothing else in the environment says anything about colours. */
  async function onTerminal(columns: number, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const command = [process.execPath, MAIN, 'doctor', ...untrusted].map((arg) => `'${arg}'`).join(' ')
    const args = ['-qec', `stty cols ${columns}; ${command} || true`, '/dev/null']
    const { PATH } = process.env
    const { stdout } = await promisify(execFile)('script', args, { env: { PATH, TERM: 'xterm', ...env } })
    return named(stdout.replaceAll('\r\n', '\n'))
  }

  it('uses symbols and colours, and breaks lines where the terminal ends', {
    skip: SCRIPT_MISSING,
  }, async () => {
    assert.equal(await onTerminal(80), ON_TERMINAL)
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const plain = await onTerminal(80, env)
      assert.match(plain, /^ok {6}credential/)
      assert.ok(!plain.includes('\u001b'))
    }
    const narrow = await onTerminal(10)
    assert.match(narrow, /\n {17}not expire\n/)
  })

  it('uses them elsewhere when FORCE_COLOR asks for them, and not when it forbids them', async () => {
    const unbroken = ON_TERMINAL.replaceAll(/(?<=\S)\n {17}(?=expire|Simulator|machine|clock)/g, ' ')
    assert.equal((await doctor(untrusted, { FORCE_COLOR: '1' })).stdout, unbroken)
    assert.match((await doctor(untrusted, { FORCE_COLOR: '0' })).stdout, /^ok {6}credential/)
  })
})

describe('the doctor for programs', () => {
  it('prints one line of JSON, in which every key is there', async () => {
    const args = [...key, '--host', '127.0.0.1', '--port', String(await closedPort()), '--json']
    const { code, stdout } = await doctor(args)
    assert.equal(code, 1)
    assert.match(stdout, /^\{.*\}\n$/)
    const report: unknown = JSON.parse(stdout.replaceAll('PORT', '1'))
    const server = {
      name: '127.0.0.1:1',
      service: 'notifications',
      environment: null,
      host: '127.0.0.1',
      proxy: null,
    }
    const none = { advice: null, parts: [], blocks: [], because: null }
    const blocks = ['tls', 'alpn', 'settings', 'authentication', 'clock']
    assert.ok(isReport(report))
    // Times and ports are of one day.
    const checks = report.checks.map(({ seconds, server: found, facts, ...rest }) => {
      assert.equal(typeof seconds, 'number')
      if (found !== null) delete found['port']
      return { ...rest, server: found, facts: Object.keys(facts) }
    })
    assert.deepEqual({ ...report, checks: [] }, { verdict: 'problem', problems: 1, warnings: 0, checks: [] })
    assert.deepEqual(checks.slice(2, 5), [
      {
        check: 'dns',
        verdict: 'ok',
        code: 'OK',
        text: '127.0.0.1 is an address',
        ...none,
        server,
        facts: ['addresses'],
      },
      {
        check: 'tcp',
        verdict: 'problem',
        code: 'TCP_REFUSED',
        text: 'no connection to port 1 of the address',
        advice: 'Nothing listens there: check host and port, and that the server runs.',
        parts: [{ subject: '127.0.0.1', verdict: 'problem', text: 'refused (ECONNREFUSED)', seconds: null }],
        blocks,
        because: null,
        server,
        facts: ['port', 'connected'],
      },
      {
        check: 'tls',
        verdict: 'skipped',
        code: 'NOT_CHECKED',
        text: 'not checked, since the check of tcp has failed',
        ...none,
        because: 'tcp',
        server,
        facts: [],
      },
    ])
    assert.equal(checks[0]?.server, null)
    assert.deepEqual(
      checks.slice(4).map(({ check }) => check),
      blocks,
    )
  })

  it('says ok, or warning, and how often', async () => {
    const well = JSON.parse((await doctor([...key, ...placeOf(apns), '--json'])).stdout)
    assert.deepEqual({ ...well, checks: [] }, { verdict: 'ok', problems: 0, warnings: 0, checks: [] })
    const soon = certificateOf(apns, { notAfter: new Date(Date.now() + 86_400_000) })
    const late = JSON.parse((await doctor([...soon, ...placeOf(apns), '--json'])).stdout)
    assert.deepEqual({ ...late, checks: [] }, { verdict: 'warning', problems: 0, warnings: 1, checks: [] })
  })
})

describe('the options of the doctor', () => {
  it('are refused when they make no sense', async () => {
    const ca = fileOf(apns.ca)
    const wrong: readonly (readonly [args: readonly string[], words: RegExp])[] = [
      [['--port', '0'], /It is a port/],
      [['--timeout', 'soon'], /number of seconds/],
      [['--environment', 'staging'], /--environment is staging/],
      [['--environment', 'production', '--ca', ca], /--ca is for another server/],
      [['--ca', ca], /--ca is for another server: give its --host/],
      [['--environment', 'localhost:443', '--port', '443'], /give the port once/],
      [['--host', 'localhost', '--environment', 'both'], /a host is production, sandbox, or neither/],
      [['--host', 'localhost', '--ca', fileOf('none')], /is not a certificate in PEM/],
      [['--host', 'localhost', '--ca', `${ca}.none`], /cannot read --ca/],
      [['--proxy', 'ftp://aladdin:sesame@proxy.example'], /no known kind of proxy/],
      [['--passphrase-file', `${ca}.none`], /cannot read --passphrase-file/],
    ]
    for (const [args, words] of wrong) {
      const { code, stdout, stderr } = await doctor([...key, ...args])
      assert.match(stderr, words)
      assert.doesNotMatch(stderr, /sesame/)
      assert.equal(stdout, '')
      assert.equal(code, 2)
    }
  })

  it('are those of the environment, where none is typed', async () => {
    const { port, credentials } = apns
    const variables = {
      APNS_KEY: credentials.key,
      APNS_KEY_ID: credentials.keyId,
      APNS_TEAM_ID: credentials.teamId,
      APNS_TOPIC: TOPIC,
      APNS_CA_PATH: fileOf(apns.ca),
    }
    const named = await doctor([], { ...variables, APNS_ENVIRONMENT: `127.0.0.1:${port}` })
    assert.equal(named.code, 0, named.stdout)
    // A host that is typed is another one than that of the variable.
    const typed = await doctor(['--host', '127.0.0.1', '--port', String(port)], {
      ...variables,
      APNS_ENVIRONMENT: 'production',
    })
    assert.equal(typed.code, 0, typed.stdout)
    assert.match(typed.stdout, /\n127\.0\.0\.1:PORT\n/)
  })

  it('never show in what is printed', async () => {
    const {
      cert,
      key: encrypted,
      passphrase,
    } = apns.clientCertificate({ topics: [TOPIC], passphrase: 's3cret' })
    const proxy = `http://s3cretUser:s3cretPassword@127.0.0.1:${await closedPort()}`
    const files = ['--cert', fileOf(cert), '--key', fileOf(encrypted)]
    const all = await Promise.all([
      doctor([...files, '--passphrase', passphrase, ...placeOf(apns), '--proxy', proxy]),
      doctor([...files, '--passphrase', 's3cretWrong', ...placeOf(apns), '--json']),
      doctor([...key, ...placeOf(apns), '--json']),
      doctor(['--key', apns.credentials.key, '--team-id', 'TEAM123456', '--topic', TOPIC, ...placeOf(apns)]),
    ])
    const text = all.map(({ stdout, stderr }) => stdout + stderr).join('\n')
    const lines = [apns.credentials.key, encrypted].flatMap((pem) =>
      pem.split('\n').filter((line) => line.length > 30),
    )
    assert.ok(lines.length > 2)
    for (const secret of ['s3cret', 'eyJ', ...lines]) assert.ok(!text.includes(secret), text)
  })
})

interface Report {
  readonly checks: readonly {
    readonly check: string
    readonly seconds: number
    readonly server: Record<string, unknown> | null
    readonly facts: object
  }[]
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'checks' in value && Array.isArray(value.checks)
}
