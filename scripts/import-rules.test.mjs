import assert from 'node:assert/strict'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { rules, violations, violationsIn } from './import-rules.mjs'
import { listFiles } from './list-files.mjs'
import { root } from './root.mjs'

test('no source file imports what its ring must not know', () => {
  const packages = join(root, 'packages')
  const sources = listFiles(packages)
    .map((file) => file.replaceAll(sep, '/'))
    .filter((file) => /^[^/]+\/src\/.*\.ts$/.test(file))
  assert.ok(sources.length > 0)
  assert.deepEqual(violationsIn(packages, sources), [])
})

/** @type {[file: string, source: string, because: RegExp][]} */
const forbidden = [
  ['apns-worker/src/protocol/http2/session.ts', `import { connect } from 'node:tls'`, /pure/],
  ['apns-worker/src/protocol/http2/session.ts', `import type { Socket } from 'node:net'`, /pure/],
  ['apns-worker/src/protocol/http2/session.ts', `import { readFileSync } from 'node:fs'`, /pure/],
  ['apns-worker/src/protocol/gateway/frame.ts', `import { Message } from '../../message.js'`, /innermost/],
  [
    'apns-worker/src/protocol/gateway/frame.ts',
    `import type { B } from '../../backend/backend.js'`,
    /policy/,
  ],
  [
    'apns-worker/src/protocol/http2/hpack.ts',
    `import type { Message } from '../../message.js'`,
    /nothing of APNs/,
  ],
  ['apns-worker/src/queue.ts', `import { setTimeout } from 'node:timers/promises'`, /touches nothing/],
  ['apns-worker/src/queue.ts', `import { dial } from './net/tls.js'`, /no transport/],
  [
    'apns-worker/src/queue.ts',
    `import {\n  Http2Backend,\n  type Other,\n} from './backend/http2/backend.js'`,
    /no transport/,
  ],
  ['apns-worker/src/backend/http2/pool.ts', `import * as tls from 'node:tls'`, /only room/],
  ['apns-worker/src/backend/http2/pool.ts', `const fs = await import('node:fs')`, /edges only/],
  ['apns-worker/src/credentials/key.ts', `import { connect } from 'node:net'`, /without the network/],
  ['apns-worker/src/net/tls.ts', `import { Pool } from '../backend/http2/pool.js'`, /does not know/],
  ['apns-worker/src/index.ts', `export { Provider } from './node-apn/provider.js'`, /does without it/],
  [
    'apns-worker/src/manager.ts',
    `import { AppManagers } from './apps/app-managers.js'`,
    /managers, which do without it/,
  ],
  ['apns-worker/src/index.ts', `export * from 'lodash'`, /no dependencies/],
  [
    'apns-worker/src/manager.ts',
    `import { startSimulator } from '@apns-worker/simulator'`,
    /no dependencies/,
  ],
  ['apns-worker/src/manager.ts', `import '../../simulator/src/index.js'`, /no dependencies/],
  ['simulator/src/server.ts', `import type { Message } from 'apns-worker'`, /share no code/],
  ['simulator/src/server.ts', `import { x } from '../../apns-worker/src/push-type.js'`, /share no code/],
  ['cli/src/main.ts', `import { x } from '../../apns-worker/dist/manager.js'`, /public names/],
  ['simulator/src/main.ts', `import { x } from '../../cli/src/progress.js'`, /public names/],
  ['server/src/worker/sender.ts', `import { x } from '../../../apns-worker/src/queue.js'`, /public names/],
  [
    'server/src/worker/worker.ts',
    `import { x } from '../outbox/embedded/store.js'`,
    /contract of the outbox only/,
  ],
  ['server/src/http/api.ts', `import { x } from '../outbox/embedded/store.js'`, /who puts them together/],
  [
    'server/src/fleet/shared-fleet.ts',
    `import { x } from '../operations/sending.js'`,
    /who puts them together/,
  ],
  ['server/src/apps/apps.ts', `import type { X } from '../server.js'`, /who puts them together/],
  ['server/src/outbox/embedded/store.ts', `import { ApnsManager } from 'apns-worker'`, /not know how/],
  ['server/src/outbox/outbox.ts', `import type { Worker } from '../worker/worker.js'`, /not know how/],
  ['server/src/outbox/embedded/store.ts', `import { Pool } from 'pg'`, /does not load its client/],
  ['server/src/postgres/database.ts', `import { x } from '../fleet/fleet.js'`, /does not know them/],
  ['server/src/outbox/checks.ts', `import { migrate } from './embedded/migrations.js'`, /no implementation/],
  ['server/src/outbox/checks.ts', `import { Worker } from 'node:worker_threads'`, /no implementation/],
]

for (const [file, source, because] of forbidden) {
  test(`${file} may not say ${source.replaceAll('\n', ' ')}`, () => {
    assert.match(violations(file, source).join('\n'), because)
  })
}

test('every rule is proved by one of the sources above', () => {
  const said = forbidden.flatMap(([file, source]) => violations(file, source)).join('\n')
  for (const { because } of rules) assert.ok(said.includes(because), because)
})

test('what the rings are made for is allowed', () => {
  /** @type {[string, string][]} */
  const allowed = [
    ['apns-worker/src/protocol/http2/session.ts', `import { Hpack } from './hpack.js'`],
    ['apns-worker/src/protocol/gateway/frame.ts', `import type { Message } from '../../message.js'`],
    ['apns-worker/src/queue.ts', `import type { Backend } from './backend/backend.js'`],
    ['apns-worker/src/backend/http2/pool.ts', `import { Session } from '../../protocol/http2/session.js'`],
    ['apns-worker/src/diagnostics/channels.ts', `import { channel } from 'node:diagnostics_channel'`],
    ['apns-worker/src/credentials/key.ts', `import { readFileSync } from 'node:fs'`],
    ['apns-worker/src/credentials/key.ts', `import { createSecureContext } from 'node:tls'`],
    ['apns-worker/src/net/tls.ts', `import * as tls from 'node:tls'`],
    ['server/src/outbox/embedded/store-client.ts', `import { Worker } from 'node:worker_threads'`],
    ['server/src/outbox/embedded/store.ts', `import type { Claim } from '../outbox.js'`],
    ['apns-worker/src/message.ts', `// import * as tls from 'node:tls'\n/* import 'node:net' */`],
    [
      'cli/src/main.ts',
      `import { ApnsManager } from 'apns-worker'\nimport { startSimulator } from '@apns-worker/simulator'`,
    ],
  ]
  for (const [file, source] of allowed) assert.deepEqual(violations(file, source), [])
})
