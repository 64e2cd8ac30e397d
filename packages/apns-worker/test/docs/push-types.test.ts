import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it, mock } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { explain, PUSH_TYPES, type PushType, type PushTypeRules } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'
import { compileExamples, type Example } from './code-blocks.js'

failOnLeaks()

const PAGE = readFileSync(new URL('../../../../docs/push-types.md', import.meta.url), 'utf8')
const TYPES = Object.entries(PUSH_TYPES) as [PushType, PushTypeRules][]
const CERTIFICATE = new Map([
  [true, 'yes'],
  [false, 'no'],
  [undefined, 'Apple does not say'],
])
/** The examples of a section; a push type has one, unless there is more to show. */
const EXAMPLES: Partial<Record<string, number>> = { alert: 5, pushtotalk: 2 }

describe('the page on push types', () => {
  let examples: Example[] = []
  before(async () => {
    examples = await compileExamples('push-types.md')
  })

  it('has a row for each, with its rules', () => {
    const rows = [...PAGE.matchAll(/^\| (\[`.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
    const expected = TYPES.map(([pushType, rules]) => [
      `[\`${pushType}\`](#${pushType})`,
      rules.topicSuffix === '' ? 'none' : `\`${rules.topicSuffix}\``,
      `${rules.payloadBytes} bytes`,
      rules.priorities.join(', '),
      CERTIFICATE.get(rules.clientCertificate),
      rules.expirationAdvice,
    ])
    assert.deepEqual(rows, expected)
  })

  for (const [pushType, { topicSuffix, priorities }] of TYPES) {
    it(`sends ${pushType} as it shows`, async () => {
      const own = examples.filter(({ section }) => section === pushType)
      assert.equal(own.length, EXAMPLES[pushType] ?? 1)
      for (const { run } of own) {
        await using apns = await startSimulator()
        await using sender = new Sender(apns)
        const [token = ''] = tokensOf(1, 'abcdef')
        await outputOf(() => run(sender.apns, token, ''))
        await sender.apns.flushMessages()
        assert.deepEqual(sender.errors, [])
        const [{ headers, payload, ...received } = { headers: new Map(), payload: {} }, ...others] =
          apns.received
        assert.deepEqual(others, [])
        assert.deepEqual(
          {
            ...received,
            pushType: headers.get('apns-push-type'),
            status: 'status' in received && received.status,
          },
          { ...received, pushType, status: 200 },
        )
        const topic = headers.get('apns-topic') ?? ''
        if (pushType === 'mdm') assert.match(topic, /^com\.apple\.mgmt\./)
        else if (!topic.startsWith('web.')) assert.equal(topic, `${TOPIC}${topicSuffix}`)
        const priority = headers.get('apns-priority')
        assert.ok(priority === undefined || priorities.some((each) => String(each) === priority))
        // A page should not show what the library warns of; a critical alert does need its entitlement.
        const { findings } = explain({ payload: payload as object, ...optionsOf(headers) })
        assert.deepEqual(
          findings.filter(({ problem }) => !problem.includes('entitlement')),
          [],
        )
      }
    })
  }

  it('shows what explain prints', async () => {
    const example = examples.find(({ section }) => section.startsWith('Before sending'))
    assert.ok(example)
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    const [printed = ''] = await outputOf(() => example.run(sender.apns, '', ''))
    const [, shown = ''] = /^```text\n([\s\S]*?)\n```$/m.exec(PAGE) ?? []
    assert.equal(printed.slice(0, printed.lastIndexOf('\n\n')), shown)
    assert.equal(sender.apns.stats().accepted, 0)
  })
})

/** What is printed meanwhile. */
async function outputOf(run: () => Promise<void>): Promise<string[]> {
  const log = mock.method(console, 'log', () => {})
  try {
    await run()
    return log.mock.calls.map(({ arguments: [text] }) => String(text))
  } finally {
    log.mock.restore()
  }
}

function optionsOf(headers: ReadonlyMap<string, string>): object {
  const number = (name: string): number | undefined => {
    const value = headers.get(name)
    return value === undefined ? undefined : Number(value)
  }
  return {
    pushType: headers.get('apns-push-type'),
    topic: headers.get('apns-topic'),
    priority: number('apns-priority'),
    expiration: number('apns-expiration'),
  }
}
