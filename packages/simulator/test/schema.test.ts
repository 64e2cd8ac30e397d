/** What is said of options, rules and connection rules that make no sense. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionError, startSimulator } from '@apns-worker/simulator'
import { OPTIONS } from '#src/schema/options-shape.js'

/** What is wrong, as a user would write it, and what the message has to hold beside the path. */
const WRONG: readonly [options: unknown, path: string, message: RegExp][] = [
  [[], '', /a list is not allowed; allowed: an object with some of host, port/],
  [{ rulez: [] }, 'rulez', /there is no "rulez" here; allowed: host, port, .*rules, connections/],
  [{ latency: -1 }, 'latency', /-1 is not allowed; allowed: seconds from 0 to \d+/],
  [{ latency: 'soon' }, 'latency', /"soon" is not allowed; allowed: seconds .*; or an object with some of/],
  [{ latency: {} }, 'latency', /exactly one of constant, uniform, normal, logNormal/],
  [{ latency: { uniform: [2, 1] } }, 'latency.uniform', /allowed: \[least, most\]/],
  [{ latency: { uniform: [1] } }, 'latency.uniform', /allowed: \[least, most\]/],
  [{ latency: { normal: { mean: 1 } } }, 'latency.normal', /"deviation" is missing/],
  [{ streamLimit: 2 ** 31 }, 'streamLimit', /a whole number from 0 to 1073741823/],
  [{ port: 65_536 }, 'port', /65536 is not allowed/],
  [{ environment: 'staging' }, 'environment', /"staging" is not allowed; allowed: production, sandbox/],
  [{ shrinkOnRefusal: 'yes' }, 'shrinkOnRefusal', /allowed: true or false/],
  [{ onNotification: 'print' }, 'onNotification', /a function/],
  [{ rules: {} }, 'rules', /an object is not allowed; allowed: a list/],
  [{ rules: [{}] }, 'rules[0]', /says nothing that should happen; allowed: one of unregistered, /],
  [{ rules: [{ silent: true }, null] }, 'rules[1]', /null is not allowed/],
  [{ rules: [{ silent: false }] }, 'rules[0].silent', /false is not allowed; allowed: true/],
  [{ rules: [{ silent: true, wedge: true }] }, 'rules[0]', /silent and wedge exclude each other/],
  [{ rules: [{ silent: true, body: '' }] }, 'rules[0].body', /"body" needs "status"/],
  [{ rules: [{ silent: true, for: 1 }] }, 'rules[0].for', /"for" needs "blackHole" or "streamLimit"/],
  [{ rules: [{ silent: true, every: 1 }] }, 'rules[0].every', /"every" needs "until"/],
  [{ rules: [{ share: '101%', silent: true }] }, 'rules[0].share', /"101%" is not allowed.*0% to 100%/],
  [{ rules: [{ unregistered: 'long ago' }] }, 'rules[0].unregistered', /a date such as 2026/],
  [{ rules: [{ reset: 'REFUSED' }] }, 'rules[0].reset', /allowed: NO_ERROR, .*REFUSED_STREAM/],
  [{ rules: [{ status: 99 }] }, 'rules[0].status', /from 200 to 599/],
  [{ rules: [{ status: 500, headers: { a: 1 } }] }, 'rules[0].headers', /names with texts/],
  [
    { rules: [{ goAway: true }, { goAway: { lastStreamId: 'last' } }] },
    'rules[1].goAway.lastStreamId',
    /"last" is not allowed; allowed: a whole number from 0 to 2147483647; or received, answered/,
  ],
  [
    { rules: [{ goAway: [{}, { lastStreamID: 1 }] }] },
    'rules[0].goAway[1].lastStreamID',
    /there is no "lastStreamID" here; allowed: lastStreamId, code, reason/,
  ],
  [{ channelRules: [{}] }, 'channelRules[0]', /allowed: one of status, silent, .*streamLimit, delay/],
  [{ channelRules: [{ token: 'ab', silent: true }] }, 'channelRules[0].token', /there is no "token" here/],
  [{ channelRules: [{ unregistered: true }] }, 'channelRules[0].unregistered', /there is no "unregistered"/],
  [{ channelRules: [{ operation: 'update' }] }, 'channelRules[0].operation', /create, read, delete, list/],
  [{ channelRules: [{ silent: true, body: '' }] }, 'channelRules[0].body', /"body" needs "status"/],
  [{ rules: [{ event: 'stop', silent: true }] }, 'rules[0].event', /allowed: start, update, end/],
  [{ channelRules: [{ event: 'end', silent: true }] }, 'channelRules[0].event', /there is no "event"/],
  [{ doubts: { guess: 1 } }, 'doubts.guess', /there is no "guess" here; allowed: missingPushType, /],
  [{ doubts: { expiredTokenStatus: 404 } }, 'doubts.expiredTokenStatus', /allowed: 410 or 400/],
  [{ doubts: { tokenOnlyTypes: ['silent'] } }, 'doubts.tokenOnlyTypes[0]', /allowed: alert, background/],
  [{ doubts: { longestToken: 0 } }, 'doubts.longestToken', /from 1 to 2000/],
  [{ deviceLimit: { count: 5 } }, 'deviceLimit', /"per" is missing/],
  [{ deviceLimit: { count: 0, per: 1 } }, 'deviceLimit.count', /from 1 up/],
  [{ refusalLimit: -1 }, 'refusalLimit', /a whole number from 0 up/],
  [
    { liveActivities: { endedToken: 'Gone' } },
    'liveActivities.endedToken',
    /ExpiredToken, Unregistered, acc/,
  ],
  [{ deliveryBudgets: { alert: 1 } }, 'deliveryBudgets.alert', /allowed: background, location/],
  [{ channelPort: -1 }, 'channelPort', /from 0 to 65535/],
  [{ channelLimit: 0.5 }, 'channelLimit', /a whole number/],
  [{ connections: [{}] }, 'connections[0]', /allowed: one of blackHole, disconnect/],
  [{ connections: [{ silent: true }] }, 'connections[0].silent', /there is no "silent" here/],
  [
    { connections: [{ blackHole: 'dns' }] },
    'connections[0].blackHole',
    /allowed: true; or tcp, tls, settings/,
  ],
  [{ connections: [{ blackHole: 'tls', atByte: 1 }] }, 'connections[0].blackHole', /position already/],
  [
    { connections: [{ goAway: true, atByte: 1 }] },
    'connections[0].atByte',
    /needs "disconnect" or "blackHole"/,
  ],
  [
    { connections: [{ disconnect: true, beforeSettings: true }] },
    'connections[0].beforeSettings',
    /needs "goAway"/,
  ],
  [{ connections: [{ disconnect: true, atByte: 1, atSentByte: 1 }] }, 'connections[0]', /exclude each other/],
  [{ connections: [{ disconnect: true, blackHole: true }] }, 'connections[0]', /exclude each other/],
  [{ connections: [{ connection: 0, blackHole: true }] }, 'connections[0].connection', /from 1 up/],
  [{ connections: [{ disconnect: true, every: 1 }] }, 'connections[0].every', /"every" needs "until"/],
]

test('what makes no sense is refused with its path and what is allowed', () => {
  for (const [options, path, message] of WRONG) {
    assert.throws(
      () => OPTIONS.read(options, ''),
      (error) => {
        assert.ok(error instanceof OptionError, JSON.stringify(options))
        assert.equal(error.path, path, error.message)
        assert.match(error.message, message)
        if (path !== '') assert.ok(error.message.startsWith(`${path}: `), error.message)
        return true
      },
      JSON.stringify(options),
    )
  }
})

test('values come back in the form that the simulator works with', () => {
  const read = OPTIONS.read(
    {
      host: undefined,
      rules: [
        {
          share: '1.5 %',
          unregistered: '2026-01-31T12:00:00Z',
          delay: { logNormal: { median: 1, sigma: 0 } },
        },
      ],
    },
    '',
  )
  assert.deepEqual(read, {
    rules: [
      {
        share: 0.015,
        unregistered: Date.UTC(2026, 0, 31, 12),
        delay: { logNormal: { median: 1, sigma: 0 } },
      },
    ],
  })
})

test('the simulator does not start with options that make no sense', async () => {
  await assert.rejects(
    startSimulator({ rules: [{ share: 2, silent: true }] }),
    /^OptionError: rules\[0\]\.share: 2 is not allowed/,
  )
})
