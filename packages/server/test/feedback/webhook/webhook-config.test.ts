import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { describe, it } from 'node:test'
import { isPublicAddress } from '#src/feedback/webhook/public-address.js'
import {
  checkHost,
  PrivateAddressError,
  publicLookup,
  type Resolve,
} from '#src/feedback/webhook/public-lookup.js'
import { askedDelayMs, retryDelayMs } from '#src/feedback/webhook/retry-pace.js'
import { keysOf, signatureFields } from '#src/feedback/webhook/signature.js'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { Receiver } from './receiver.js'
import { WebhookRig } from './webhook-rig.js'

failOnLeaks()

/** The first and last of each network that is refused, and what embeds one. */
const PRIVATE = [
  ...[
    '0.0.0.0',
    '0.255.255.255',
    '10.0.0.0',
    '10.255.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '100.100.100.200',
  ],
  ...['127.0.0.1', '127.255.255.255', '168.63.129.16', '169.254.0.0', '169.254.169.254', '169.254.255.255'],
  ...['172.16.0.0', '172.31.255.255', '192.0.0.0', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.168.0.0'],
  ...[
    '192.168.255.255',
    '198.18.0.0',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
  ],
  ...[
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::127.0.0.1',
    'fc00::1',
    'fd00:ec2::254',
    'fdff::1',
    'fe80::1',
  ],
  ...[
    'fe80::1%lo',
    '2606:4700::1111%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '2001::1',
    '2001:1ff::1',
    '2001:db8::1',
  ],
  ...['2002:7f00:1::', '2002:808:808::', '3fff::1', '3fff:fff::1', '4000::1', '5f00::1', '64:ff9b:1::7f00:1'],
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe', '::FFFF:10.1.2.3', '::ffff:0:7f00:1'],
  ...[
    '::ffff:0.0.0.0',
    '::ffff:0:0',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::',
    '64:ff9b::a9fe:a9fe',
  ],
  ...['', 'localhost', '127.1', '2130706433', '0x7f.1', '1.2.3', 'x::'],
]
const PUBLIC = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...[
    '128.0.0.0',
    '168.63.129.17',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '191.255.255.255',
  ],
  ...['192.0.1.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...['2606:4700::1111', '2001:200::1', '2001:4860:4860::8888', '2003::1', '3ffe::1', '2a00::'],
  ...['::ffff:8.8.8.8', '::ffff:808:808', '64:ff9b::8.8.8.8', '64:ff9b::808:808', '64:ff9b::800:0'],
]

describe('addresses', () => {
  it('are refused where they are of this machine, a private network, or nobody', () => {
    for (const address of PRIVATE) assert.equal(isPublicAddress(address), false, address)
  })

  it('are taken where everybody can reach them', () => {
    for (const address of PUBLIC) assert.equal(isPublicAddress(address), true, address)
  })

  it('are refused in the place of a name, however they are written', () => {
    const hosts = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '017700000001',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ]
    for (const host of hosts)
      assert.throws(() => checkHost(new URL(`https://${host}/`)), PrivateAddressError, host)
    for (const host of ['1.1.1.1', '[2606:4700::1111]', 'localhost', 'example.com'])
      checkHost(new URL(`https://${host}/`))
  })
})

const resolveTo =
  (...answers: string[][]): Resolve =>
  (_hostname, options, callback) => {
    assert.equal(options.all, true)
    const addresses = answers.length > 1 ? answers.shift() : answers[0]
    callback(
      null,
      (addresses ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }

describe('a look-up for a connection', () => {
  const all = (resolve: Resolve): Promise<LookupAddress[]> =>
    new Promise((found, failed) => {
      publicLookup(resolve)('receiver.test', { all: true }, (error, addresses) => {
        if (error === null)
          found(addresses as LookupAddress[]) // it was asked for all
        else failed(error)
      })
    })

  it('has public addresses only', async () => {
    const addresses = await all(resolveTo(['10.0.0.1', '1.1.1.1', '::1', '2606:4700::1111']))
    assert.deepEqual(
      addresses.map(({ address }) => address),
      ['1.1.1.1', '2606:4700::1111'],
    )
    await assert.rejects(all(resolveTo(['10.0.0.1', '::1'])), /10\.0\.0\.1 .* webhook\.allowPrivateAddresses/)
    await assert.rejects(all(resolveTo([])), PrivateAddressError)
  })

  it('has one address where one is asked for', async () => {
    const one = await new Promise((found) => {
      publicLookup(resolveTo(['10.0.0.1', '1.1.1.1']))('receiver.test', {}, (_error, address, family) =>
        found([address, family]),
      )
    })
    assert.deepEqual(one, ['1.1.1.1', 4])
  })

  it('checks each answer anew', async () => {
    const resolve = resolveTo(['1.1.1.1'], ['127.0.0.1'])
    await all(resolve)
    await assert.rejects(all(resolve), PrivateAddressError)
  })

  it('passes on that there is no such name', async () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    await assert.rejects(
      all((_hostname, _options, callback) => callback(error, [])),
      error,
    )
  })
})

describe('the configuration of a webhook', () => {
  it('keeps it from this machine, by name and by address, unless it says otherwise', async () => {
    await using receiver = await Receiver.start()
    for (const host of ['localhost', '127.0.0.1', 'receiver.test']) {
      const url = `https://${host}:${receiver.port}/`
      await using rig = new WebhookRig({
        url,
        allowPrivateAddresses: false,
        resolve: resolveTo(['127.0.0.1']),
      })
      rig.add(1)
      await rig.failed(1)
      assert.match(
        rig.webhook.status().lastError?.message ?? '',
        /127\.0\.0\.1 is an address of this machine/,
      )
    }
    assert.equal(receiver.connections, 0)
  })

  it('is refused where it could not be kept to', () => {
    const wrong = [
      { url: 'receiver' },
      { url: 'ftp://receiver.test/' },
      { url: 'http://receiver.test/', allowPrivateAddresses: false },
      { url: 'https://user:word@receiver.test/' },
      { url: 'https://receiver.test/', secret: 'short' },
      { url: 'https://receiver.test/', secret: '' },
      { url: 'https://receiver.test/', secret: 'one-that-is-long-enough short' },
    ]
    for (const options of wrong) {
      assert.throws(
        () => new WebhookRig(options),
        (error: Error) => error instanceof TypeError && !/user:word|short|ftp/.test(error.message),
      )
    }
  })
})

describe('signatures', () => {
  it('are as Standard Webhooks has them', () => {
    // The specification's own example.
    const fields = signatureFields(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' },
      keysOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
    )
    assert.deepEqual(fields, {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('are several while one secret takes another’s place', () => {
    const signed = { id: 'a', timestamp: 1, body: 'b' }
    const signaturesBy = (secret: string): string[] =>
      (signatureFields(signed, keysOf(secret))['webhook-signature'] ?? '').split(' ')
    const [fresh, old] = ['a-secret-that-is-new', 'a-secret-that-is-old']
    assert.deepEqual(signaturesBy(`${fresh}\n${old}\n`), [...signaturesBy(fresh), ...signaturesBy(old)])
  })
})

describe('the pace of retries', () => {
  it('is at random between half of a doubling time and all of it', () => {
    assert.equal(
      retryDelayMs(1, undefined, () => 0),
      500,
    )
    assert.equal(
      retryDelayMs(1, undefined, () => 1),
      1000,
    )
    assert.equal(
      retryDelayMs(5, undefined, () => 0),
      8000,
    )
    assert.equal(
      retryDelayMs(10_000, undefined, () => 1),
      300_000,
    )
  })

  it('is slower where the receiver asks for that, within an hour', () => {
    assert.equal(
      retryDelayMs(1, 60_000, () => 1),
      60_000,
    )
    assert.equal(
      retryDelayMs(9, 1000, () => 1),
      256_000,
    )
    assert.equal(
      retryDelayMs(1, 1e12, () => 1),
      3_600_000,
    )
  })

  it('reads Retry-After in both of its forms, and nothing else', () => {
    const now = Date.UTC(2026, 0, 1)
    assert.equal(askedDelayMs('120', now), 120_000)
    assert.equal(askedDelayMs('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000)
    assert.equal(askedDelayMs('Wed, 31 Dec 2025 00:01:00 GMT', now), 0)
    for (const field of [undefined, '', '-1', '1.5', '1e3', 'soon', '99999999999']) {
      assert.equal(askedDelayMs(field, now), undefined, field)
    }
  })
})
