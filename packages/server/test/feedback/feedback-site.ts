import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApi, type Outbox } from '@apns-worker/server'
import pino from 'pino'
import { type AppInfo, type AppRegistry, UnknownAppError } from '#src/apps/app-registry.js'
import type { ApiKeyConfig } from '#src/config/server-config.js'
import type { DeadTokenReport } from '#src/feedback/dead-token-report.js'
import { FeedbackFollower } from '#src/feedback/feedback-follower.js'
import { type FeedbackRoutesOptions, feedbackRoutes } from '#src/feedback/feedback-routes.js'
import { hashOfKey } from '#src/http/access/api-key.js'
import type { DeadTokens } from '#src/outbox/dead-tokens.js'
import { until, within } from '../../../apns-worker/dist-test/support/within.js'

export const POLL_MS = 1000

const app = (name: string): AppInfo => ({
  ...{ name, topic: `com.example.${name}`, environment: 'sandbox', credentials: 'token' as const },
})

/** Two apps, in Apple's sandbox; nothing can be sent. */
export const REGISTRY: AppRegistry = {
  apps: new Map([
    ['news', app('news')],
    ['sport', app('sport')],
  ]),
  managers: new Map(),
  laneOf: (name) => name,
  channelsOf: () => {
    throw new UnknownAppError('there are no channels')
  },
  lanesOf: (name) => [name, `${name}@production`],
}

export const KEY = 'the-key-of-sport'
const KEYS: readonly ApiKeyConfig[] = [
  { name: 'sport', hash: hashOfKey(KEY).toString('hex'), scopes: ['read'], apps: ['sport'] },
  { name: 'sender', hash: hashOfKey('send-only').toString('hex'), scopes: ['send'], apps: 'all' },
]

export interface FeedbackSiteOptions extends Omit<FeedbackRoutesOptions, 'follower' | 'apps'> {
  readonly deadTokens: Pick<DeadTokens, 'feedback'>
  readonly hasKeys?: boolean
}

/** The API on a loopback port, with the routes under test. */
export class FeedbackSite implements AsyncDisposable {
  readonly follower: FeedbackFollower
  readonly api: ReturnType<typeof createApi>
  readonly log: string[]
  /** Of the latest request, on the server's side. */
  response: ServerResponse | undefined

  private constructor({ deadTokens, hasKeys = false, ...options }: FeedbackSiteOptions) {
    this.log = []
    this.follower = new FeedbackFollower({ deadTokens, pollMs: POLL_MS })
    const logger = pino({ level: 'info' }, { write: (line: string) => this.log.push(line) })
    this.api = createApi({
      outbox: deadTokens as Outbox, // the routes under test ask for nothing else
      apps: REGISTRY,
      apiKeys: hasKeys ? KEYS : [],
      limits: {
        ...{ bodyBytes: 1000, tokensPerRequest: 1, pendingTokens: 1, storeBytes: 1 },
        ...{ connections: 1000, requestTimeoutMs: 10_000 },
      },
      logger,
      wake: () => {},
      plugins: [feedbackRoutes({ ...options, follower: this.follower, apps: REGISTRY })],
    })
    this.api.server.on('request', (_request, response: ServerResponse) => {
      this.response = response
    })
  }

  static async start(options: FeedbackSiteOptions): Promise<FeedbackSite> {
    const site = new FeedbackSite(options)
    await site.api.listen({ host: '127.0.0.1', port: 0 })
    return site
  }

  get port(): number {
    return (this.api.server.address() as AddressInfo).port
  }

  /** Asks, on a connection of its own; what becomes of it is the caller's. */
  begin(query: string, headers: Record<string, string> = {}, method = 'GET'): ClientRequest {
    const address = { host: '127.0.0.1', port: this.port, path: `/v1/feedback${query}`, headers, method }
    return request({ ...address, agent: false }).end()
  }

  /** Asks, and comes back with the head of the answer. */
  async ask(query: string, headers?: Record<string, string>, method?: string): Promise<Answer> {
    return within(Answer.to(this.begin(query, headers, method)), () => `${query} is not answered`)
  }

  /** The whole answer, as JSON. */
  async json(query: string, headers?: Record<string, string>): Promise<Answer> {
    const answer = await this.ask(query, headers)
    await answer.ended()
    return answer
  }

  waiting(count: number): Promise<void> {
    return until(
      () => this.follower.waiting === count,
      () => `${this.follower.waiting} wait`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.api.close(), () => 'the API does not close')
    this.follower.close()
  }
}

export interface FeedbackBody {
  readonly items: readonly DeadTokenReport[]
  readonly next: string
  readonly code: string
  readonly errors: readonly { readonly parameter: string }[]
}

/** What a client has of an answer so far. */
export class Answer {
  readonly #asked: ClientRequest
  readonly head: IncomingMessage
  text = ''
  isOver = false

  private constructor(asked: ClientRequest, head: IncomingMessage) {
    this.#asked = asked
    this.head = head
    head.setEncoding('utf8')
    head.on('data', (text: string) => (this.text += text))
    head.on('error', () => {})
    head.on('close', () => (this.isOver = true))
  }

  static async to(asked: ClientRequest): Promise<Answer> {
    const head = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject)
    })
    asked.on('error', () => {})
    return new Answer(asked, head)
  }

  get status(): number {
    return this.head.statusCode ?? 0
  }

  get type(): string {
    return this.head.headers['content-type'] ?? ''
  }

  /** A page, or a problem: what is not there fails the test that asks for it. */
  get body(): FeedbackBody {
    return JSON.parse(this.text) as FeedbackBody
  }

  /** Of server-sent events, those that have data. */
  get events(): { readonly id: string; readonly data: { readonly token: string; readonly app: string } }[] {
    return [...this.text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)].map(([, id = '', data = '']) => ({
      id,
      data: JSON.parse(data),
    }))
  }

  ended(): Promise<void> {
    return until(
      () => this.isOver,
      () => `open: ${this.text.slice(-200)}`,
    )
  }

  has(part: string): Promise<void> {
    return until(
      () => this.text.includes(part),
      () => `no ${part} in ${this.text.slice(-200)}`,
    )
  }

  /** The client goes. */
  leave(): void {
    this.#asked.destroy()
  }
}
