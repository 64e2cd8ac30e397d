import { type ExplainOptions, explain, type MessageDraft } from 'apns-worker'
import Type from 'typebox'
import type { AppInfo } from '../../apps/app-registry.js'
import type { ApiContext } from '../api-context.js'
import { laneFor } from '../messages/lanes.js'
import { momentMs } from '../messages/moment.js'
import { pointerOfPath } from '../problem/problem-of.js'
import { ExplainRequest } from '../schemas/messages.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const CLOSED = { additionalProperties: false } as const

const Explanation = Type.Object(
  {
    url: Type.String(),
    headers: Type.Array(Type.Object({ name: Type.String(), value: Type.String() }, CLOSED)),
    body: Type.Optional(Type.String({ description: 'The JSON that would be sent' })),
    pushType: Type.String(),
    pushTypeFrom: Type.Optional(Type.String({ description: '`option`, `topic` or `payload`' })),
    payloadBytes: Type.Integer({ minimum: 0 }),
    payloadLimit: Type.Integer({ minimum: 0 }),
    devices: Type.Integer({ minimum: 0 }),
    findings: Type.Array(
      Type.Object(
        {
          severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
          pointer: Type.String({ description: 'Where in the request (RFC 6901)' }),
          problem: Type.String(),
          page: Type.String({ description: 'The title of Apple’s page that has the rule' }),
        },
        CLOSED,
      ),
    ),
    curl: Type.String({
      description: 'The same request as a command, with $TOKEN and $JWT for what is secret',
    }),
  },
  CLOSED,
)

/** `POST /v1/explain`: a dry run. */
export function explainMessages(app: TypedApp, context: ApiContext): void {
  const schema = {
    operationId: 'explainMessage',
    tags: ['messages'],
    summary: 'What a message would be as a request to Apple, and what is wrong with it; nothing is sent',
    body: ExplainRequest,
    response: { 200: Explanation, ...problems(422) },
  }
  app.post('/v1/explain', { schema, config: { scope: 'send' } }, async ({ body, caller }) => {
    const { app: name, environment, expiration, ...fields } = body
    laneFor(context, caller, name, environment)
    const info = context.apps.apps.get(name)
    const seconds =
      expiration === undefined ? undefined : Math.floor(momentMs(expiration, '/expiration') / 1000)
    // What is in it may be wrong: that is what `explain` is asked about.
    const draft = { ...fields, expiration: seconds } as MessageDraft
    const explanation = explain(draft, {
      topic: info?.topic,
      environment: environment ?? environmentOf(info),
      credentials: info?.credentials,
      now: new Date(context.now?.() ?? Date.now()),
    })
    const { url, headers, pushType, pushTypeFrom, payloadBytes, payloadLimit, devices, findings } =
      explanation
    return {
      url,
      headers: headers.map(([header, value]) => ({ name: header, value })),
      ...(explanation.body === undefined ? {} : { body: explanation.body }),
      pushType,
      ...(pushTypeFrom === undefined ? {} : { pushTypeFrom }),
      ...{ payloadBytes, payloadLimit, devices },
      findings: findings.map(({ severity, where, problem, page }) => ({
        severity,
        pointer: pointerOfPath(where),
        problem,
        page,
      })),
      curl: explanation.curl(),
    }
  })
}

/** As the registry names it: Apple's name, or host and port. */
function environmentOf(info: AppInfo | undefined): ExplainOptions['environment'] {
  const name = info?.environment ?? 'production'
  if (name === 'production' || name === 'sandbox') return name
  // An IPv6 address has brackets where a port comes after it.
  const [, inBrackets, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(name) ?? []
  const host = inBrackets ?? plain ?? name
  return port === undefined ? { host } : { host, port: Number(port) }
}
