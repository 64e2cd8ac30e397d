import Type, { type Static } from 'typebox'
import type { AppInfo } from '../../apps/app-registry.js'
import type { OutboxStats } from '../../outbox/outbox.js'
import type { ApiContext } from '../api-context.js'
import { isoTime } from '../messages/moment.js'
import { Time } from '../schemas/fields.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const AppReport = Type.Object(
  {
    name: Type.String(),
    topic: Type.Optional(Type.String()),
    environment: Type.String({ description: '`production`, `sandbox`, or host and port' }),
    credentials: Type.Union([Type.Literal('token'), Type.Literal('certificate')]),
    pending: Type.Integer({ minimum: 0, description: 'Tokens without an outcome' }),
    oldestAt: Type.Optional(Time),
    paused: Type.Optional(
      Type.Object(
        {
          by: Type.Union([Type.Literal('app'), Type.Literal('everything'), Type.Literal('configuration')]),
          detail: Type.String(),
        },
        { additionalProperties: false, description: 'Why nothing is sent; left out where something is' },
      ),
    ),
  },
  { additionalProperties: false },
)
type AppReport = Static<typeof AppReport>

const AppList = Type.Object({ items: Type.Array(AppReport) }, { additionalProperties: false })

/** `GET /v1/apps`. */
export function listApps(app: TypedApp, context: ApiContext): void {
  const { apps, outbox } = context
  const schema = {
    operationId: 'listApps',
    tags: ['apps'],
    summary: 'The apps that are configured, what waits for them, and why they are paused where they are',
    response: { 200: AppList, ...problems() },
  }
  app.get('/v1/apps', { schema, config: { scope: 'read' } }, async ({ caller }) => {
    const [stats, stopped] = await Promise.all([outbox.stats(), stoppedLanes()])
    const known = [...apps.apps.values()].filter(({ name }) => caller.mayUse(name))
    return { items: known.map((info) => reportOf(info, stats, stopped)) }
  })

  function reportOf(
    { name, topic, environment, credentials }: AppInfo,
    stats: OutboxStats,
    stopped: ReadonlySet<string>,
  ): AppReport {
    const lanes = new Set(apps.lanesOf(name))
    const own = stats.apps.filter(({ app }) => lanes.has(app))
    const oldest = Math.min(...own.flatMap(({ oldestAtMs }) => oldestAtMs ?? []))
    const paused = pauseOf(
      stats.isPaused,
      own.some(({ isPaused }) => isPaused),
      [...lanes].filter((lane) => stopped.has(lane)),
    )
    return {
      name,
      ...(topic === undefined ? {} : { topic }),
      environment,
      credentials,
      pending: own.reduce((sum, { pending }) => sum + pending, 0),
      ...(Number.isFinite(oldest) ? { oldestAt: isoTime(oldest) } : {}),
      ...(paused === undefined ? {} : { paused }),
    }
  }

  /** As the processes that send say. */
  function stoppedLanes(): Promise<ReadonlySet<string>> {
    if (context.stoppedLanes !== undefined) return context.stoppedLanes()
    const own = [...apps.managers].filter(([, manager]) => manager.stats().paused)
    return Promise.resolve(new Set(own.map(([lane]) => lane)))
  }

  function pauseOf(everything: boolean, isPaused: boolean, stopped: readonly string[]): AppReport['paused'] {
    if (everything) return { by: 'everything', detail: 'Everything was paused; POST /v1/resume ends it' }
    if (isPaused) return { by: 'app', detail: 'The app was paused; POST /v1/apps/{app}/resume ends it' }
    if (stopped.length === 0) return undefined
    const detail = `Apple refuses the credentials or the topic (${stopped.join(', ')}); the log has the reason`
    return { by: 'configuration', detail }
  }
}
