import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type ApiContext, createApi, type Outbox, openEmbeddedOutbox } from '@apns-worker/server'
import { ApnsManager, type ApnsManagerOptions } from 'apns-worker'
import type { InjectOptions } from 'fastify'
import pino from 'pino'
import type { AppInfo, AppRegistry, EnvironmentName } from '#src/apps/app-registry.js'
import { laneName, UnknownAppError } from '#src/apps/app-registry.js'
import type { LimitsConfig } from '#src/config/server-config.js'
import { withFolder } from '../../outbox/support/embedded-place.js'
import { ApiDocument } from './api-document.js'

export const TOKEN = 'ab'.repeat(32)
export const PAYLOAD = { aps: { alert: 'hello' } }

export const LIMITS: LimitsConfig = {
  bodyBytes: 100_000,
  tokensPerRequest: 1000,
  pendingTokens: 1_000_000,
  storeBytes: 1_000_000_000,
  connections: 100,
  requestTimeoutMs: 10_000,
}

export interface TestApiOptions extends Partial<Pick<ApiContext, 'apiKeys' | 'plugins' | 'now' | 'tls'>> {
  readonly limits?: Partial<LimitsConfig>
  /** For the managers; default: credentials that nobody has, and no connection is made with. */
  readonly manager?: ApnsManagerOptions
  /** Instead of the test's own two. Whoever gives it closes it. */
  readonly apps?: AppRegistry
  /** Stands before the real outbox. */
  readonly outbox?: (real: Outbox) => Partial<Outbox>
}

/** An answer is whatever it is; the document says what it has to be. */
type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly json: Json
}

/** The API on a real outbox; whatever it answers is held against its own OpenAPI document. */
export class TestApi {
  readonly app: ReturnType<typeof createApi>
  readonly outbox: Outbox
  readonly registry: TestRegistry
  /** What was logged, as JSON. */
  readonly log: string[]
  #document: ApiDocument | undefined
  wakes = 0

  private constructor(outbox: Outbox, options: TestApiOptions) {
    this.outbox = outbox
    this.registry = new TestRegistry(options.manager)
    this.log = []
    const logger = pino({ level: 'info' }, { write: (line: string) => this.log.push(line) })
    const { outbox: others, limits, plugins, now, tls } = options
    this.app = createApi({
      outbox: overlay(outbox, others?.(outbox) ?? {}),
      apps: options.apps ?? this.registry,
      // As the server gives them: those of the moment.
      get apiKeys() {
        return options.apiKeys ?? []
      },
      ...(plugins === undefined ? {} : { plugins }),
      ...(now === undefined ? {} : { now }),
      tls,
      limits: { ...LIMITS, ...limits },
      logger,
      wake: () => {
        this.wakes++
      },
    })
  }

  /** Runs a test with an API of its own, and closes and removes everything after it. */
  static async with(options: TestApiOptions, work: (api: TestApi) => Promise<void>): Promise<void> {
    await withFolder(async (path) => {
      const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
      const api = new TestApi(outbox, options)
      try {
        await api.app.ready()
        await work(api)
      } finally {
        // A test that failed may have left some open.
        api.app.server.closeAllConnections()
        await api.app.close()
        await api.registry.close()
        await outbox.close()
      }
    })
  }

  /** What it says of itself. */
  async document(): Promise<ApiDocument> {
    this.#document ??= new ApiDocument((await this.app.inject('/v1/openapi.json')).json())
    return this.#document
  }

  async call(request: InjectOptions & { readonly url: string }): Promise<Answer> {
    const { statusCode, headers, body } = await this.app.inject(request)
    const answer = { status: statusCode, headers, text: body, json: jsonOf(headers, body) }
    const document = await this.document()
    document.check(request.method ?? 'GET', request.url, answer)
    return answer
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call({ url, headers })
  }

  post(url: string, payload?: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload }) })
  }

  /** A message that was accepted. */
  async send(message: object = {}): Promise<string> {
    const answer = await this.post('/v1/messages', {
      app: 'news',
      payload: PAYLOAD,
      tokens: [TOKEN],
      ...message,
    })
    if (answer.status !== 202 && answer.status !== 201) throw new Error(answer.text)
    return answer.json.id
  }

  /** A list, for an open message. */
  upload(id: string, list: string, type = 'text/plain', query = ''): Promise<Answer> {
    const headers = { 'content-type': type }
    return this.call({ method: 'POST', url: `/v1/messages/${id}/tokens${query}`, payload: list, headers })
  }

  /** On a real socket. */
  async listen(): Promise<number> {
    await this.app.listen({ host: '127.0.0.1', port: 0 })
    return (this.app.server.address() as AddressInfo).port
  }
}

/** Two apps, in Apple's sandbox; `sport` has a certificate, and no other environment. */
export class TestRegistry implements AppRegistry {
  readonly apps: Map<string, AppInfo> = new Map()
  readonly managers: Map<string, ApnsManager> = new Map()
  readonly #options: ApnsManagerOptions

  constructor(options?: ApnsManagerOptions) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    this.#options = options ?? { key, keyId: 'ABCDE12345', teamId: 'FGHIJ67890' }
    this.#add({ name: 'news', topic: 'com.example.app', environment: 'sandbox', credentials: 'token' })
    this.#add({
      name: 'sport',
      topic: 'com.example.sport',
      environment: 'sandbox',
      credentials: 'certificate',
    })
  }

  laneOf(app: string, environment?: EnvironmentName): string {
    if (!this.apps.has(app)) throw new UnknownAppError(`no app ${app}; there are news and sport`)
    const lane = laneName(app, environment === 'sandbox' ? undefined : environment)
    if (app === 'sport' && lane !== app)
      throw new UnknownAppError('the certificate of sport is for sandbox only')
    return lane
  }

  channelsOf(): never {
    throw new UnknownAppError('these apps have no channels')
  }

  lanesOf(app: string): readonly string[] {
    return [app, laneName(app, 'production')]
  }

  addManager(lane: string, topic: string | undefined): ApnsManager {
    const manager = new ApnsManager({ ...this.#options, ...(topic === undefined ? {} : { topic }) })
    this.managers.set(lane, manager)
    return manager
  }

  async close(): Promise<void> {
    for (const manager of this.managers.values()) await manager.close({ timeout: 0 })
  }

  #add(info: AppInfo): void {
    this.apps.set(info.name, info)
    this.addManager(info.name, info.topic)
  }
}

function jsonOf(headers: Readonly<Record<string, unknown>>, body: string): unknown {
  return /^application\/(?:problem\+)?json/.test(String(headers['content-type']))
    ? JSON.parse(body)
    : undefined
}

/** An outbox of which some calls are answered by another. */
function overlay<T extends object>(real: T, others: object): T {
  return new Proxy(real, {
    get(target, name) {
      const other: unknown = Reflect.get(others, name)
      if (other !== undefined) return other
      const own: unknown = Reflect.get(target, name)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}
