import type { FastifyPluginAsync } from 'fastify'
import Type, { type Static } from 'typebox'
import { appOfLane } from '../apps/app-registry.js'
import type { Caller } from '../http/caller.js'
import { isoTime } from '../http/messages/moment.js'
import type { TypedApp } from '../http/routes/api-routes.js'
import { Time } from '../http/schemas/fields.js'
import { problems } from '../http/schemas/problem.js'
import type { Fleet } from './fleet.js'
import type { FleetMember } from './member.js'

const LaneReport = Type.Object(
  {
    lane: Type.String({ description: 'An app, with @environment or #broadcast where it is not its own' }),
    state: Type.Union([Type.Literal('open'), Type.Literal('paused'), Type.Literal('waiting')], {
      description:
        '`paused`: Apple refuses the credentials or the topic; `waiting`: others have all connections that `fleetConnections` allows',
    }),
    connections: Type.Integer({ minimum: 0, description: 'To Apple; of all lanes that share them' }),
  },
  { additionalProperties: false },
)

const WorkerReport = Type.Object(
  {
    name: Type.String({ description: '`worker.owner` of its configuration' }),
    role: Type.Union([Type.Literal('all'), Type.Literal('api'), Type.Literal('worker')]),
    since: Time,
    heardAt: Time,
    leader: Type.Boolean({ description: 'Whether it is the one that reports to the webhook and cleans up' }),
    window: Type.Optional(
      Type.Object(
        { tokens: Type.Integer({ minimum: 0 }), inHand: Type.Integer({ minimum: 0 }) },
        {
          additionalProperties: false,
          description:
            'How many tokens it takes at a time, about, and has now; left out where it does not send',
        },
      ),
    ),
    lanes: Type.Array(LaneReport),
  },
  { additionalProperties: false },
)
type WorkerReport = Static<typeof WorkerReport>

const schema = {
  operationId: 'listWorkers',
  tags: ['operations'],
  summary: 'The processes that work on the outbox, and what each has in hand',
  response: {
    200: Type.Object({ items: Type.Array(WorkerReport) }, { additionalProperties: false }),
    ...problems(),
  },
}

/** `GET /v1/workers`: a plugin for {@link createApi}. A key sees the lanes of its own apps. */
export function fleetRoutes(fleet: Pick<Fleet, 'members'>): FastifyPluginAsync {
  return (scope) => {
    const app: TypedApp = scope.withTypeProvider()
    app.get('/v1/workers', { schema, config: { scope: 'read' } }, async ({ caller }) => ({
      items: (await fleet.members()).map((member) => reportOf(member, caller)),
    }))
    return Promise.resolve()
  }
}

function reportOf(member: FleetMember, caller: Caller): WorkerReport {
  const { owner, role, sinceMs, heardAtMs, isLeader, state } = member
  return {
    name: owner,
    role,
    since: isoTime(sinceMs),
    heardAt: isoTime(heardAtMs),
    leader: isLeader,
    ...(state.window === undefined ? {} : { window: state.window }),
    lanes: state.lanes.filter(({ lane }) => caller.mayUse(appOfLane(lane))),
  }
}
