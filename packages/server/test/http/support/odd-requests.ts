import fc from 'fast-check'
import { PAYLOAD, TOKEN } from './test-api.js'

/** Whatever anybody may put where a value is expected. */
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    -1,
    0,
    1e308,
    -1e308,
    2 ** 53,
    0.1,
    '',
    ' ',
    '\0',
    '\u202e',
    'é'.repeat(200),
    null,
    [],
    {},
    true,
  ),
  fc.string({ unit: 'binary', maxLength: 100 }),
)

const goodMessage: Readonly<Record<string, unknown>> = {
  app: 'news',
  payload: PAYLOAD,
  tokens: [TOKEN, { token: 'abcd', registeredAt: 5 }],
  priority: 5,
  expiration: 1_900_000_000,
  pushType: 'alert',
  topic: 'com.example.app',
  collapseId: 'x',
  environment: 'production',
  deliverAfter: '2026-07-01T00:00:00Z',
  giveUpAfter: 1_900_000_000,
  queuePriority: 3,
  ambiguous: 'drop',
  keep: 'all',
  suppression: 'ignore',
  registeredAt: 7,
}

/** A message in which some fields are left out, and some are odd. */
const nearMessage = fc
  .record({
    left: fc.subarray(Object.keys(goodMessage)),
    odd: fc.oneof(
      fc.constant({}),
      fc.dictionary(
        fc.constantFrom(...Object.keys(goodMessage), 'extra', 'constructor', 'toString'),
        oddValue,
        { maxKeys: 2 },
      ),
    ),
  })
  .map(({ left, odd }) => {
    const kept = Object.fromEntries(['app', 'payload', ...left].map((key) => [key, goodMessage[key]]))
    return JSON.stringify({ ...kept, ...odd })
  })

/** Text in which something was struck out, doubled, or replaced. */
const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .record({
      text,
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(20),
      put: fc.string({ unit: 'binary', maxLength: 5 }),
    })
    .map(({ text, at, length, put }) => {
      const start = Math.floor(at * text.length)
      return text.slice(0, start) + put + text.slice(start + length)
    })

const oddJson = fc.oneof(
  nearMessage,
  damaged(nearMessage),
  fc.json({ maxDepth: 6 }),
  fc.nat(200).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.nat(200).map((depth) => `{"app":"news","payload":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
  fc.constantFrom(
    '{"app":"news","app":"sport"}',
    '{"__proto__":{"app":"news"}}',
    '{"app":"news","payload":{"__proto__":1}}',
    '{"app":"news","payload":{"constructor":{"prototype":{"x":1}},"aps":{"alert":"x"}}}',
    '{"app":"news","payload":{"aps":{"badge":1e999}}}',
    '{"app":"news","payload":{"aps":{"badge":123456789012345678901234567890}}}',
    `{"app":"news","payload":{"aps":{"alert":"\\ud800"}},"tokens":["${TOKEN}"]}`,
  ),
)

const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      TOKEN,
      TOKEN.toUpperCase(),
      'abcd',
      '',
      '  ',
      `"${TOKEN}"`,
      'token',
      `${TOKEN},5`,
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
)
const list = fc
  .record({ lines: fc.array(line, { maxLength: 30 }), end: fc.constantFrom('\n', '\r\n', '\r') })
  .map(({ lines, end }) => lines.join(end))

/** `{message}` stands for the id of one. */
const path = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '/v1/messages',
      '/v1/messages/{message}',
      '/v1/messages/{message}/tokens',
      '/v1/messages/{message}/send',
      '/v1/messages/{message}/pause',
      '/v1/messages/{message}/resume',
      '/v1/messages/{message}/cancel',
      '/v1/messages/{message}/outcomes',
      '/v1/apps',
      '/v1/apps/news/pause',
      '/v1/apps/news/suppressions',
      '/v1/apps/news/registrations',
      '/v1/resume',
      '/v1/explain',
      '/v1/problems/NOT_FOUND',
      '/v1/openapi.json',
    ),
  },
  { weight: 1, arbitrary: fc.webPath({ size: 'small' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '//',
      '/v1/messages/',
      '/v1/messages/%00',
      '/v1/apps/%2e%2e/pause',
      '/v1/apps/__proto__/pause',
      '*',
      '/%',
      '/v1/messages/../apps',
    ),
  },
)
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom(
    '?limit=1e3',
    '?limit=-1',
    '?offset=0',
    '?offset=99999999999999999999',
    '?offset=1.5',
    '?after=NaN',
    '?limit=2&limit=3',
    '?before=x',
    '?__proto__[x]=1',
    '?app=%ff',
    '?token=zz',
  ),
  fc.webQueryParameters().map((text) => `?${text}`),
)
const field = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'accept: text/html',
      'accept: ,;q=;;,*/*;q=2',
      'accept: application/x-ndjson',
      'authorization: Bearer x',
      'content-encoding: gzip',
      'content-type: application/json; charset=utf-16',
      'content-type: ;;;',
      'idempotency-key: same',
      'idempotency-key: \u00e9',
      'origin: http://evil.example',
      'host: twice',
      'expect: 100-continue',
      'connection: close',
      'transfer-encoding: identity',
      'te: trailers',
      'x-http-method-override: DELETE',
      ': no name',
      'range: bytes=0-1',
      'if-none-match: *',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 30 }) },
)

/** A request that may be anything. */
export interface Attempt {
  readonly method: string
  readonly target: string
  readonly type: string
  readonly fields: readonly string[]
  readonly body: string
  readonly cut: number | undefined
}

/** What is nearly right gets further than what is odd in every way. */
const nearAttempt = (target: string, type: string, body: fc.Arbitrary<string>): fc.Arbitrary<Attempt> =>
  fc.record({
    ...{ method: fc.constant('POST'), target: fc.constant(target), type: fc.constant(type), body },
    fields: fc.constantFrom([], ['idempotency-key: same'], ['expect: 100-continue']),
    cut: fc.constant(undefined),
  })

const oddAttempt: fc.Arbitrary<Attempt> = fc.record({
  method: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('POST', 'GET') },
    fc.constantFrom('DELETE', 'HEAD', 'PUT', 'PATCH', 'OPTIONS', 'QUERY', 'post', ''),
  ),
  target: fc.tuple(path, query).map((parts) => parts.join('')),
  type: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom('application/json', 'application/json', 'text/plain', 'text/csv'),
    },
    fc.constantFrom('', 'multipart/form-data', 'application/x-www-form-urlencoded'),
  ),
  fields: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(field, { maxLength: 2 })),
  body: fc.oneof({ weight: 3, arbitrary: oddJson }, list, fc.string({ unit: 'binary', maxLength: 200 })),
  cut: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, fc.nat(400)),
})

/** Requests, of which some are right, some nearly, and some not at all. */
export const attempt = fc.oneof(
  { weight: 3, arbitrary: oddAttempt },
  nearAttempt('/v1/messages', 'application/json', nearMessage),
  nearAttempt('/v1/messages/{message}/tokens', 'text/plain', list),
)

/** As it goes over the network. */
export function bytesOf({ method, target, type, fields, body }: Attempt): Buffer {
  const content = method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(body)
  const head = [
    `${method} ${target} HTTP/1.1`,
    'host: localhost',
    ...(type === '' ? [] : [`content-type: ${type}`]),
    ...(content.length === 0 ? [] : [`content-length: ${content.length}`]),
    ...fields,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), content])
}
