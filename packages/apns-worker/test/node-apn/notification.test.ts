import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as apn from 'apns-worker/node-apn'
import { readVectors } from '../support/vectors.js'
import { type CompiledCase, compiled, NOTIFICATION_CASES } from './notification-cases.js'

const { cases } = readVectors<{ cases: Record<string, CompiledCase> }>('node-apn/notifications.json')

describe('a notification comes to what it comes to in node-apn', () => {
  it('in as many cases as were recorded', () => {
    assert.deepEqual([...NOTIFICATION_CASES.keys()], Object.keys(cases))
  })

  for (const [name, build] of NOTIFICATION_CASES) {
    it(`with ${name}`, () => {
      // As the vectors: what is undefined is not there.
      assert.deepEqual(JSON.parse(JSON.stringify(compiled(build(apn)))), cases[name])
    })
  }
})

describe('a notification, unlike node-apn’s', () => {
  it('may be changed after it was compiled', () => {
    const note = new apn.Notification({ alert: 'first' })
    note.compile()
    note.alert = 'second'
    assert.equal(note.compile(), '{"aps":{"alert":"second"}}')
  })

  it('gives back what was set', () => {
    const note = new apn.Notification({
      alert: { title: 'a', body: 'b' },
      badge: 2,
      contentAvailable: true,
      mdm: 'm',
    })
    const { title, body, badge, contentAvailable, subtitle, sound, mdm } = note
    assert.deepEqual(
      [title, body, badge, contentAvailable, subtitle, sound, mdm],
      ['a', 'b', 2, 1, undefined, undefined, 'm'],
    )
  })

  it('takes a raw payload that is JSON already for what it says', () => {
    assert.equal(new apn.Notification({ rawPayload: '{"a": {}}' }).compile(), '{"a":{}}')
    assert.equal(new apn.Notification({ rawPayload: 'no JSON' }).compile(), '"no JSON"')
  })

  it('makes nothing of an alert or a sound of null', () => {
    const note = new apn.Notification({ sound: null, alert: null })
    assert.equal(note.body, null)
    note.title = 'Title'
    assert.equal(note.compile(), '{"aps":{"alert":{"body":null,"title":"Title"}}}')
  })

  it('can be a subclass’s, whose chains stay of its own type', () => {
    class Greeting extends apn.Notification {
      greet(name: string): this {
        return this.setAlert(`Hello ${name}`)
      }
    }
    const note: Greeting = new Greeting().setBadge(1).greet('Ann').setSound('ping').greet('Bob')
    assert.equal(note.compile(), '{"aps":{"badge":1,"alert":"Hello Bob","sound":"ping"}}')
  })
})

describe('token', () => {
  it('keeps the hexadecimal digits, and no others', () => {
    assert.equal(apn.token('<a8cc97dc 8faf3651>'), 'a8cc97dc8faf3651')
    assert.equal(apn.token('A8CC'), 'A8CC')
    assert.equal(apn.token(Buffer.from([0xa8, 0x0c])), 'a80c')
    assert.equal(apn.token(new Uint8Array([1, 255])), '01ff')
  })

  it('throws where there are none', () => {
    for (const input of ['', ' xyz ', new Uint8Array()])
      assert.throws(() => apn.token(input), /no device token/)
  })
})
