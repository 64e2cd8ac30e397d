import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explain, Message, PUSH_TYPES, type PushType } from 'apns-worker'
import { findingsOf, finds, GOOD, NOW, OPTIONS, TOKENS, UPDATE } from './finds.js'

describe('the request', () => {
  const payload = { aps: { alert: 'a' } }

  it('needs a topic, unless a certificate names it', () => {
    finds({ payload }, [['error topic', 'is missing']], {})
    finds({ payload }, [], { credentials: 'certificate' })
  })

  it('to a topic with the suffix of another push type is suspicious', () => {
    const manager = { topic: 'com.example.app.voip' }
    finds({ payload }, [['error topic', 'com.example.app.voip', 'voip', 'names no pushType']], manager)
    assert.deepEqual(
      explain(new Message(TOKENS, payload), manager).errors.map(({ where }) => where),
      ['topic'],
    )
    const named = { payload, pushType: 'alert' } as const
    finds(named, [['warning topic', 'com.example.app.voip', 'voip']], manager)
    finds(
      { payload: { aps: UPDATE }, pushType: 'liveactivity', priority: 5 },
      [['warning topic', 'voip']],
      manager,
    )
    finds({ payload, pushType: 'voip', expiration: 0 }, [], manager)
    finds({ payload, topic: 'com.example.app.voip', pushType: 'alert' }, [['error topic', 'does not fit']])
  })

  it('of device management goes to its own kind of topic', () => {
    finds({ payload: { mdm: 'magic' } }, [['warning topic', 'com.apple.mgmt']])
  })

  it('to no topic at all, or to a wrong one, is told once', () => {
    finds({ payload, topic: 'no topic' }, [['error topic', 'no topic']], {})
    const draft = { payload, topic: 'com.example.app.voip', pushType: 'alert' } as const
    finds(draft, [['error topic', 'does not fit']], {})
    assert.ok(explain(draft).headers.some(([name, value]) => name === 'apns-topic' && value === draft.topic))
  })

  it('of a website has arguments', () => {
    finds({ payload, topic: 'web.com.example' }, [['warning payload.aps.url-args', 'is missing']])
    finds({ payload: GOOD.background.payload, topic: 'web.com.example' }, [])
  })

  it('of priorities that the push type does not take fails', () => {
    finds({ payload: GOOD.background.payload, priority: 10 }, [
      ['error priority', '10', 'background', 'takes 5'],
    ])
    finds({ payload: { aps: UPDATE }, priority: 1 }, [['error priority', '1', 'liveactivity']])
    const message = new Message(TOKENS, { aps: { 'content-available': 1 } }, { priority: 10 })
    assert.deepEqual(
      explain(message, OPTIONS).findings.map(({ where }) => where),
      ['priority'],
    )
  })

  it('of priority 10 costs Live Activities their budget, where nobody is alerted', () => {
    for (const priority of [10, undefined])
      finds({ payload: { aps: UPDATE }, priority }, [['warning priority', 'budget']])
    finds({ payload: { aps: { ...UPDATE, alert: { title: 'a', body: 'b' } } } }, [])
  })

  it('of Push to Talk should not wait', () => {
    finds({ ...GOOD.pushtotalk, pushType: 'pushtotalk', priority: 5 }, [['warning priority', '5']])
  })

  it('may not be for a client certificate', () => {
    const found = (pushType: PushType): string[] =>
      findingsOf({ pushType, ...GOOD[pushType] }, { ...OPTIONS, credentials: 'certificate' })
    for (const [pushType, { clientCertificate }] of Object.entries(PUSH_TYPES) as [
      PushType,
      (typeof PUSH_TYPES)['alert'],
    ][]) {
      const [line, ...others] = found(pushType)
      assert.deepEqual(others, [])
      if (clientCertificate === true) assert.equal(line, undefined)
      else
        assert.ok(line?.startsWith(clientCertificate === false ? 'error pushType' : 'warning pushType'), line)
    }
  })
})

describe('the expiration', () => {
  const payload = { aps: { alert: 'a' } }

  it('that has passed means that nothing is sent', () => {
    finds({ payload, expiration: NOW }, [['error expiration', '2023-11-14T22:13:20.000Z', 'nothing is sent']])
    finds({ payload, expiration: NOW + 1 }, [])
  })

  it('of 0 is one attempt', () => {
    finds({ payload, expiration: 0 }, [['warning expiration', 'offline']])
    finds({ pushType: 'voip', ...GOOD.voip, expiration: 0 }, [])
  })

  it('later than in 30 days is no use', () => {
    finds({ payload, expiration: NOW + 30 * 86_400 }, [])
    finds({ payload, expiration: NOW + 30 * 86_400 + 1 }, [['warning expiration', '30 days']])
  })

  it('that is not given is 30 days, which is too long for some', () => {
    for (const pushType of ['controls', 'location', 'pushtotalk', 'voip'] as const)
      finds({ ...GOOD[pushType], pushType, expiration: undefined }, [
        ['warning expiration', '30 days', PUSH_TYPES[pushType].expirationAdvice],
      ])
  })

  it('that is not 0 is late for those that advise 0', () => {
    finds({ ...GOOD.pushtotalk, pushType: 'pushtotalk', expiration: NOW + 60 }, [
      ['warning expiration', '2023-11-14T22:14:20.000Z'],
    ])
  })
})
