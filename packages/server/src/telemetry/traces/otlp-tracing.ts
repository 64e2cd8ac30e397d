import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { NewMessage, Outbox } from '../../outbox/outbox.js'
import { processResource } from '../metrics/exposition.js'
import { BatchSpans } from './batch-spans.js'
import { formatTraceparent, parseTraceparent } from './traceparent.js'
import type { Tracing } from './tracing.js'

const SERVER_ERROR = 500

/** Tracing as OpenTelemetry's SDK does it, which reads sampler, limits, endpoint and headers from the process's variables. */
export class OtlpTracing implements Tracing {
  readonly observer: BatchSpans
  readonly #provider = new BasicTracerProvider({
    resource: processResource(),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  readonly #tracer: Tracer = this.#provider.getTracer('apns-worker')
  readonly #current = new AsyncLocalStorage<Span>()
  readonly #spans = new WeakMap<FastifyRequest, Span>()

  constructor() {
    this.observer = new BatchSpans(this.#tracer)
  }

  instrument(app: FastifyInstance): void {
    app.addHook('onRequest', (request, _reply, done) => {
      const span = this.#tracer.startSpan(nameOf(request), { kind: SpanKind.SERVER }, contextOf(request))
      this.#spans.set(request, span)
      this.#current.run(span, done)
    })
    // What reads a body comes back in the socket's context, and not in the request's.
    app.addHook('preValidation', (request, _reply, done) => {
      const span = this.#spans.get(request)
      if (span === undefined) done()
      else this.#current.run(span, done)
    })
    app.addHook('onResponse', (request, { statusCode }, done) => {
      const span = this.#spans.get(request)
      span?.setAttributes(attributesOf(request, statusCode))
      if (statusCode >= SERVER_ERROR) span?.setStatus({ code: SpanStatusCode.ERROR })
      span?.end()
      done()
    })
    app.addHook('onRequestAbort', (request, done) => {
      this.#spans.get(request)?.setStatus({ code: SpanStatusCode.ERROR, message: 'the client went away' })
      this.#spans.get(request)?.end()
      done()
    })
  }

  traced(outbox: Outbox): Outbox {
    const append: Outbox['append'] = (message, tokens) => outbox.append(this.#marked(message), tokens)
    const open: Outbox['open'] = (message) => outbox.open(this.#marked(message))
    return new Proxy(outbox, {
      get(target, name) {
        if (name === 'append') return append
        if (name === 'open') return open
        const own: unknown = Reflect.get(target, name)
        const bound: unknown = typeof own === 'function' ? own.bind(target) : own
        return bound
      },
    })
  }

  async shutdown(): Promise<void> {
    this.observer.endAll()
    await this.#provider.shutdown()
  }

  /** Not where there is an idempotency key: the same request, with another trace, would be taken for another request. */
  #marked(message: NewMessage): NewMessage {
    const span = this.#current.getStore()
    if (span === undefined || !span.isRecording() || message.idempotencyKey !== undefined) return message
    const content: unknown = JSON.parse(message.content)
    if (content === null || typeof content !== 'object') return message
    const traceparent = formatTraceparent(span.spanContext())
    return { ...message, content: JSON.stringify({ ...content, traceparent }) }
  }
}

function contextOf({ headers }: FastifyRequest): Context {
  const { traceparent } = headers
  const remote = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote)
}

/** By the route, which is one of few; the path has ids in it. */
function nameOf({ method, routeOptions, is404 }: FastifyRequest): string {
  return is404 || routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`
}

function attributesOf({ method, routeOptions, is404 }: FastifyRequest, status: number): Attributes {
  return {
    'http.request.method': method,
    'http.response.status_code': status,
    ...(is404 || routeOptions.url === undefined ? {} : { 'http.route': routeOptions.url }),
  }
}
