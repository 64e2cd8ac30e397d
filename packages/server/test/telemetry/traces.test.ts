import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Outbox } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import type { FastifyInstance } from 'fastify'
import { formatTraceparent, parseTraceparent } from '#src/telemetry/traces/traceparent.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { content } from '../worker/rig.js'
import { Collector } from './support/collector.js'
import { TelemetryRig } from './support/telemetry-rig.js'

const run = promisify(execFile)

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'
const SERVER = 2
const PRODUCER = 4

/** OpenTelemetry reads the process's variables, and no others. */
async function withVariables<T>(variables: Record<string, string>, work: () => Promise<T>): Promise<T> {
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
  }
}

/** As the API does it: a message is stored while a request with a body is under way. */
function addRoutes(app: FastifyInstance, outbox: Outbox): void {
  app.post('/v1/messages', async (request) => {
    const idempotencyKey = request.headers['idempotency-key']
    const key = typeof idempotencyKey === 'string' ? { idempotencyKey } : {}
    return outbox.append({ app: 'news', content, ...key }, tokensOf(1500))
  })
  app.get('/fails', () => Promise.reject(new Error('on purpose')))
}

/** The body comes when the request is under way already, from the socket. */
async function post(rig: TelemetryRig, headers: Record<string, string>): Promise<string> {
  const type = { 'content-type': 'application/json' }
  const arrived = once(rig.api.server, 'request')
  const sent = request(`${rig.url}/v1/messages`, { method: 'POST', headers: { ...headers, ...type } })
  sent.flushHeaders()
  await arrived
  await new Promise((resolve) => setImmediate(resolve))
  sent.end(JSON.stringify({ some: 'body' }))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { messageId } = (await json(response)) as { messageId: string }
  return messageId
}

test('each request and each batch has a span, and the batches are linked to the request that stored them, after a restart too', () =>
  withFolder(async (path) => {
    await using collector = await Collector.start()
    await using simulator = await startSimulator()
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=push',
      OTEL_SERVICE_NAME: 'push-of-ours',
    }
    await withVariables(variables, async () => {
      const options = { path, simulator, addRoutes, environment: process.env }
      let messageId: string
      {
        await using first = await TelemetryRig.start(options)
        await first.worker.stop()
        messageId = await post(first, { traceparent: `00-${TRACE}-${PARENT}-01` })
        assert.equal((await fetch(`${first.url}/fails`)).status, 500)
        assert.match(await first.scrape(), /service_name="push-of-ours"/)
      }
      await using second = await TelemetryRig.start(options)
      await second.finished(messageId)
    })
    const stored = collector.spans.find(({ name }) => name === 'POST /v1/messages')
    assert.deepEqual([stored?.traceId, stored?.parentSpanId, stored?.kind], [TRACE, PARENT, SERVER])
    assert.deepEqual(stored?.attributes, {
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'http.route': '/v1/messages',
    })
    const failed = collector.spans.find(({ name }) => name === 'GET /fails')
    assert.equal(failed?.status.code, 2)
    assert.notEqual(failed?.traceId, TRACE)
    const batches = collector.spans.filter(({ name }) => name === 'send batch')
    assert.equal(batches.length, 2)
    for (const { kind, links } of batches) {
      assert.equal(kind, PRODUCER)
      assert.deepEqual(
        links.map(({ traceId, spanId }) => [traceId, spanId]),
        [[TRACE, stored?.spanId]],
      )
    }
    const sums = batches.map(({ attributes }) => Number(attributes['apns_worker.batch.accepted']))
    assert.deepEqual(new Set(sums), new Set([1000, 500]))
    assert.ok(batches.every(({ attributes }) => attributes['apns_worker.batch.end'] === 'settled'))
    assert.ok(collector.services.every((name) => name === 'push-of-ours'))
    assert.deepEqual(
      [new Set(collector.paths), new Set(collector.headers)],
      [new Set(['/v1/traces']), new Set(['push'])],
    )
    const text = collector.bodies.join('')
    for (const secret of [...tokensOf(1500), 'hello', 'eyJ', 'BEGIN'])
      assert.ok(!text.includes(secret), secret)
  }))

test('the sampling that the variables ask for is kept to, and a repeated request is the same one', () =>
  withFolder(async (path) => {
    await using collector = await Collector.start()
    await using simulator = await startSimulator()
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    }
    await withVariables(variables, async () => {
      const options = { path, simulator, addRoutes, environment: process.env }
      await using rig = await TelemetryRig.start(options)
      await rig.finished(await post(rig, {}))
      await rig.finished(await post(rig, { traceparent: `00-${TRACE}-${PARENT}-00` }))
      const sampled = { traceparent: `00-${TRACE}-${PARENT}-01`, 'idempotency-key': 'once' }
      const first = await post(rig, sampled)
      assert.equal(await post(rig, { ...sampled, traceparent: `00-${TRACE}-${'1'.repeat(16)}-01` }), first)
    })
    assert.deepEqual(
      collector.spans.map(({ name, traceId }) => [name, traceId]),
      [
        ['POST /v1/messages', TRACE],
        ['POST /v1/messages', TRACE],
      ],
    )
  }))

test('without the variables nothing of it is loaded, and a word is said where they ask for what there is not', async () => {
  const script = `
    import { startTelemetry } from '@apns-worker/server'
    import { createRequire } from 'node:module'
    const lines = []
    const destination = { write: (line) => lines.push(line) }
    const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => /sdk-trace/.test(path))
    const states = []
    for (const environment of [
      {},
      { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
      { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
      { OTEL_TRACES_EXPORTER: 'zipkin' },
      { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    ]) {
      const telemetry = await startTelemetry({ log: { level: 'info' }, destination, environment })
      states.push(isLoaded())
      await telemetry.shutdown()
    }
    console.log(JSON.stringify([states, lines.map((line) => JSON.parse(line).msg)]))
  `
  const { stdout: loaded } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: new URL('../..', import.meta.url),
  })
  assert.deepEqual(JSON.parse(loaded), [
    [false, false, false, false, true],
    [
      'OTEL_TRACES_EXPORTER is neither otlp nor none: there are no traces',
      'traces are sent as http/json, whatever OTEL_EXPORTER_OTLP_PROTOCOL says',
    ],
  ])
})

test('a traceparent is read as W3C Trace Context has it', () => {
  const text = `00-${TRACE}-${PARENT}-01`
  const context = parseTraceparent(text)
  assert.deepEqual(context, { traceId: TRACE, spanId: PARENT, traceFlags: 1, isRemote: true })
  assert.equal(context && formatTraceparent(context), text)
  assert.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-03-what-comes`)?.traceFlags, 1)
  for (const wrong of [
    '',
    `ff${text.slice(2)}`,
    text.toUpperCase().replace('00-', '0G-'),
    text.slice(0, -1),
    `${text}x`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
  ]) {
    assert.equal(parseTraceparent(wrong), undefined, wrong)
  }
})
