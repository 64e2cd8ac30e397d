import {
  ChannelError,
  type ChannelErrorCode,
  type ChannelErrorDetails,
  type ChannelOperation,
} from './channel-error.js'
import { type RequestConnection, RequestStream } from './request-connection.js'

/** What is asked for. */
export interface ChannelRequest {
  readonly operation: ChannelOperation
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly path: string
  /** The app's bundle id. */
  readonly topic: string
  /** The `apns-request-id` of all its attempts. */
  readonly requestId: string
  readonly channelId?: string
  readonly body?: string
}

/** What came back: a success. */
export interface ChannelAnswer {
  readonly fields: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Of the request. */
  readonly requestId: string
}

/** One attempt of a call. */
export class ChannelExchange extends RequestStream {
  readonly call: ChannelCall
  readonly connection: RequestConnection<ChannelExchange>
  /** Undefined on a connection with a client certificate. */
  readonly providerToken: string | undefined

  constructor(
    call: ChannelCall,
    connection: RequestConnection<ChannelExchange>,
    providerToken: string | undefined,
  ) {
    super()
    this.call = call
    this.connection = connection
    this.providerToken = providerToken
  }
}

/** One request about channels, in as many attempts as it takes, and the promise of its answer. */
export class ChannelCall {
  readonly request: ChannelRequest
  readonly answer: Promise<ChannelAnswer>
  /** How often it was sent. */
  sent = 0
  /** How often it was answered "later", or its fate left unknown. */
  attempts = 0
  /** How often it was surely not processed. */
  unprocessed = 0
  /** Why it may have been carried out already: an attempt whose fate is unknown. */
  doubt: ChannelErrorDetails | undefined
  /** The last answer that said "later". */
  refusal: ChannelErrorDetails | undefined
  /** The attempt that is on its way. */
  exchange: ChannelExchange | undefined
  /** Its deadline. */
  deadlineTimer: NodeJS.Timeout | undefined
  /** What it waits for: the answer to an attempt, or the next one. */
  attemptTimer: NodeJS.Timeout | undefined
  readonly #startedAtMs = performance.now()
  readonly #timeoutMs: number
  #resolve: ((answer: ChannelAnswer) => void) | undefined
  #reject: ((error: ChannelError) => void) | undefined

  constructor(request: ChannelRequest, timeoutMs: number) {
    this.request = request
    this.#timeoutMs = timeoutMs
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAtMs
  }

  get leftMs(): number {
    return this.#timeoutMs - this.elapsedMs
  }

  succeed({ fields, responseBody: body }: ChannelExchange): void {
    this.#settle()
    this.#resolve?.({ fields, body, requestId: this.request.requestId })
  }

  fail(code: ChannelErrorCode, details: ChannelErrorDetails): void {
    const { operation, topic, channelId, requestId } = this.request
    // There is no line to be resumed here, as there is in a manager for messages.
    const action = details.action.replace(', then call resume()', '')
    this.#settle()
    this.#reject?.(new ChannelError({ ...details, action, code, operation, topic, channelId, requestId }))
  }

  #settle(): void {
    clearTimeout(this.deadlineTimer)
    clearTimeout(this.attemptTimer)
    this.exchange = undefined
  }
}
