import { type Link, ROOT_CONTEXT, type Span, SpanKind, type Tracer } from '@opentelemetry/api'
import type { BatchProgress, ClaimedBatch, ClaimedMessage, Lease } from '../../outbox/outbox.js'
import { decodeContent } from '../../worker/message-content.js'
import type { BatchEnd, WorkerObserver } from '../../worker/worker-observer.js'
import { parseTraceparent } from './traceparent.js'

interface Sending {
  readonly span: Span
  accepted: number
  others: number
}

/** A span for each batch, from its claim until the worker has it no more. */
export class BatchSpans implements WorkerObserver {
  readonly #tracer: Tracer
  readonly #sendings = new Map<string, Sending>()
  /** A claim has one object for all batches of a message. */
  readonly #links = new WeakMap<ClaimedMessage, readonly Link[]>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  claimed(batches: readonly ClaimedBatch[]): void {
    for (const batch of batches) {
      const { message, pending, isInDoubt } = batch
      const attributes = {
        'messaging.system': 'apns',
        'messaging.operation.type': 'send',
        'messaging.destination.name': message.app,
        'messaging.batch.message_count': pending.length,
        'apns_worker.message.id': message.id,
        'apns_worker.batch.in_doubt': isInDoubt,
      }
      const options = { kind: SpanKind.PRODUCER, attributes, links: [...this.#linksOf(message)] }
      const span = this.#tracer.startSpan('send batch', options, ROOT_CONTEXT)
      this.#sendings.set(keyOf(batch), { span, accepted: 0, others: 0 })
    }
  }

  answered(): void {}

  recorded(batch: ClaimedBatch, { accepted = [], others = [] }: BatchProgress): void {
    const sending = this.#sendings.get(keyOf(batch))
    if (sending === undefined) return
    sending.accepted += accepted.length
    sending.others += others.length
  }

  ended(batch: ClaimedBatch, how: BatchEnd): void {
    const key = keyOf(batch)
    const sending = this.#sendings.get(key)
    if (sending === undefined) return
    this.#sendings.delete(key)
    const { span, accepted, others } = sending
    span.setAttributes({
      'apns_worker.batch.accepted': accepted,
      'apns_worker.batch.not_accepted': others,
      'apns_worker.batch.end': how,
    })
    span.end()
  }

  failed(): void {}

  endAll(): void {
    for (const { span } of this.#sendings.values()) span.end()
    this.#sendings.clear()
  }

  #linksOf(message: ClaimedMessage): readonly Link[] {
    let links = this.#links.get(message)
    if (links === undefined) {
      links = linksOf(message.content)
      this.#links.set(message, links)
    }
    return links
  }
}

function keyOf({ batchId, fence }: Lease): string {
  return `${batchId} ${fence}`
}

function linksOf(content: string): readonly Link[] {
  try {
    const context = parseTraceparent(decodeContent(content).traceparent ?? '')
    return context === undefined ? [] : [{ context }]
  } catch {
    // What is no content is refused by the worker, in words.
    return []
  }
}
