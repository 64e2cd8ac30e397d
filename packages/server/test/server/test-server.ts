import {
  type OpenOutbox,
  type RunningServer,
  startServer,
  startTelemetry,
  type Telemetry,
} from '@apns-worker/server'
import type { Simulator } from '@apns-worker/simulator'
import type { AppConfig, PostgresOutboxConfig, ServerConfig } from '#src/config/server-config.js'
import type { Folder } from '../operations/folder.js'

export const APP = 'news'

/** The app, as the configuration has it, with the simulator as Apple. */
export function appFor(simulator: Simulator, name: string = APP): AppConfig {
  const { credentials, environment } = simulator
  return { name, options: { ...credentials, environment, topic: 'com.example.app' } }
}

/** A configuration for tests; no key is needed. */
export function configFor(folder: Folder, apps: readonly AppConfig[]): ServerConfig {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    role: 'all',
    outbox: undefined,
    store: { path: folder.file('store.db'), durability: 'crash' },
    apps,
    apiKeys: [],
    limits: {
      bodyBytes: 10_000_000,
      tokensPerRequest: 100_000,
      pendingTokens: 10_000_000,
      storeBytes: 10_000_000_000,
      connections: 100,
      requestTimeoutMs: 10_000,
    },
    worker: { owner: 'worker', leaseMs: 600_000, windowTokens: 3000 },
    retention: { finishedMs: 3_600_000, idempotencyMs: 3_600_000 },
    webhook: undefined,
    drainTimeoutMs: 10_000,
    log: { level: 'info' },
    readyFile: folder.file('ready'),
  }
}

/** An outbox that is shared, at an address of which the test makes what it likes. */
export function outboxAt(url: string): PostgresOutboxConfig {
  return {
    url,
    failoverUrls: [],
    ca: undefined,
    maxConnections: 5,
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 5000,
  }
}

/** A server, what it logs, and what asks it. */
export class TestServer implements AsyncDisposable {
  readonly server: RunningServer
  readonly telemetry: Telemetry
  readonly lines: readonly Record<string, unknown>[]

  private constructor(
    server: RunningServer,
    telemetry: Telemetry,
    lines: readonly Record<string, unknown>[],
  ) {
    this.server = server
    this.telemetry = telemetry
    this.lines = lines
  }

  /** @param openOutbox where it is shared; default: PostgreSQL */
  static async start(config: ServerConfig, openOutbox?: OpenOutbox): Promise<TestServer> {
    const lines: Record<string, unknown>[] = []
    // A line of JSON at a time.
    const write = (line: string): unknown => lines.push(JSON.parse(line) as Record<string, unknown>)
    const telemetry = await startTelemetry({ log: config.log, destination: { write }, environment: {} })
    const options = { telemetry, environment: {}, ...(openOutbox === undefined ? {} : { openOutbox }) }
    return new TestServer(await startServer(config, options), telemetry, lines)
  }

  async get(path: string): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
    return answerOf(await fetch(this.server.address + path))
  }

  async post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
    return answerOf(
      await fetch(this.server.address + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    )
  }

  /** Sends to these, and gives the message's id. */
  async send(tokens: readonly string[]): Promise<string> {
    const { status, body } = await this.post('/v1/messages', {
      app: APP,
      tokens,
      payload: { aps: { alert: 'hello' } },
    })
    if (status !== 202) throw new Error(JSON.stringify(body))
    return String(body['id'])
  }

  /** What is reported of a message when it is done. */
  async done(id: string): Promise<Record<string, unknown>> {
    for (;;) {
      const { body } = await this.get(`/v1/messages/${id}`)
      if (body['state'] === 'done') return body
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop({ timeout: 0 })
  }
}

async function answerOf(
  response: Response,
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  // The API answers with objects.
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body }
}
