import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ConfigError, readConfig } from '@apns-worker/server'
import fc from 'fast-check'
import { stringify } from 'yaml'

const KEYS = [
  'listen',
  'store',
  'outbox',
  'failoverUrls',
  'role',
  'path',
  'apps',
  'name',
  'topic',
  'environment',
  'host',
  'port',
  'key',
  'keyPath',
  'pfx',
  'tls',
  'cert',
  'apiKeys',
  'hash',
  'scopes',
  'limits',
  'bodySize',
  'worker',
  'lease',
  'webhook',
  'url',
  'drainTimeout',
  'log',
  'level',
  '__proto__',
  'constructor',
]

const value = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    tie('leaf'),
    tie('leaf'),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie('tree'), { maxKeys: 6 }),
  ),
  leaf: fc.oneof(
    fc.string(),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('sandbox', '30s', 'all', 'unix:x', '127.0.0.1:80'),
  ),
})).tree

/** Letters that mean something in YAML, more often than chance would have them. */
const yamlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...KEYS),
      fc.constantFrom(
        ': ',
        '\n',
        '\n  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '&a',
        '*a',
        '!t',
        '"',
        "'",
        '|\n',
        '>',
        '#',
        ',',
        '\t',
        '---\n',
        '...',
        '%',
        '@',
        '`',
        '<<',
        '?',
        '\0',
        '\uFFFE',
      ),
      fc.string({ maxLength: 5 }),
    ),
  )
  .map((parts) => parts.join(''))

function refusesClearly(yaml: string, environment: Record<string, string> = {}): void {
  const readFile = (path: string): Buffer => {
    if (path === 'worker.yaml') return Buffer.from(yaml)
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  }
  try {
    // No credential that works comes of chance.
    assert.fail(`it was read: ${JSON.stringify(readConfig({ path: 'worker.yaml', environment, readFile }))}`)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    assert.ok(error.problems.length > 0 && error.problems.length <= 100)
    for (const { message, place } of error.problems) {
      assert.match(message, /\S/)
      assert.ok(place !== undefined)
      if ('line' in place) assert.ok(place.line >= 1 && place.column >= 1)
    }
  }
}

it('any text is refused as a configuration, and none breaks the reader', () => {
  fc.assert(
    fc.property(yamlText, (yaml) => refusesClearly(yaml)),
    { numRuns: 1000 },
  )
})

it('so is any tree of settings', () => {
  fc.assert(
    fc.property(value, (tree) =>
      refusesClearly(
        stringify({ settings: tree }, { aliasDuplicateObjects: false }).replace(/^settings:/, '"apps":'),
      ),
    ),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...KEYS), value), (tree) =>
      refusesClearly(stringify(tree, { aliasDuplicateObjects: false })),
    ),
    { numRuns: 500 },
  )
})

it('so are any variables', () => {
  const name = fc
    .array(
      fc.oneof(
        fc.constantFrom(...KEYS).map((key) => key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()),
        fc.constantFrom('0', '1', '99999', 'FILE', 'PATH'),
      ),
      { minLength: 1, maxLength: 5 },
    )
    .map((parts) => `APNS_WORKER_${parts.join('_')}`)
  const text = fc.oneof(fc.string(), fc.constantFrom('sandbox', '30s', '1', 'true', 'a,b'))
  fc.assert(
    fc.property(fc.dictionary(name, text), (variables) => refusesClearly('log: { level: info }', variables)),
    { numRuns: 1000 },
  )
})
