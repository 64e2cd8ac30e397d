import Type, { type Static, type TObject, type TOptional, type TString } from 'typebox'
import { type AppRegistry, parseLane } from '../apps/app-registry.js'
import { isoTime } from '../http/messages/moment.js'
import { Time } from '../http/schemas/fields.js'
import type { DeadToken } from '../outbox/dead-tokens.js'
import { encodeCursor } from './cursor.js'

/** A dead token, as callers and webhooks see it. */
export const DeadTokenReport: TObject<{
  token: TString
  when: TString
  app: TString
  environment: TOptional<TString>
  reason: TString
  messageId: TString
  recordedAt: TString
  cursor: TString
}> = Type.Object(
  {
    token: Type.String({ description: 'Hex-encoded, in lower case' }),
    when: Type.String({
      format: 'date-time',
      description: 'Since when, as Apple says: ignore it where the app has registered the token after that',
    }),
    app: Type.String(),
    environment: Type.Optional(
      Type.String({
        description:
          '`production`, `sandbox`, or host and port; left out where the app is no longer configured',
      }),
    ),
    reason: Type.String({ description: '`Unregistered` or `ExpiredToken`' }),
    messageId: Type.String({ format: 'uuid', description: 'The message that has brought it to light' }),
    recordedAt: Time,
    cursor: Type.String({ description: '`after`, to go on behind this one' }),
  },
  { additionalProperties: false },
)
export type DeadTokenReport = Static<typeof DeadTokenReport>

/** A lane becomes its app, and the environment that it is in. */
export function reportOf(
  apps: AppRegistry,
  { app: lane, token, timestampMs, reason, messageId, recordedAtMs, position }: DeadToken,
): DeadTokenReport {
  const { app, environment: named } = parseLane(lane) ?? { app: lane, environment: undefined }
  const environment = named ?? apps.apps.get(app)?.environment
  return {
    ...{ token, when: isoTime(timestampMs), app },
    ...(environment === undefined ? {} : { environment }),
    ...{ reason, messageId, recordedAt: isoTime(recordedAtMs), cursor: encodeCursor(position) },
  }
}
