import { PUSH_TYPES, type PushType, type StoragePolicy } from 'apns-worker'
import Type, { type TInteger, type TObject, type TString, type TUnsafe } from 'typebox'
import type { EnvironmentName } from '../../apps/app-registry.js'

/** In the year 2106: what Apple's `apns-expiration` can hold. Milliseconds are far above it. */
const LATEST_UNIX_SECONDS = 4_294_967_295

export const MOMENT_PATTERN: string =
  '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$'

/** A point in time, as callers give it. Keywords that are about another type are of no effect (JSON Schema, section 7.6.1). */
export const Moment: TUnsafe<number | string> = Type.Unsafe<number | string>({
  type: ['integer', 'string'],
  minimum: 0,
  maximum: LATEST_UNIX_SECONDS,
  pattern: MOMENT_PATTERN,
  description: 'Unix seconds, or an ISO 8601 date and time with its time zone, such as 2026-07-01T12:00:00Z',
})

/** A point in time, as the server gives it. */
export const Time: TString = Type.String({ format: 'date-time' })

/** Apple says not to assume a length; 100 bytes is the most ever documented. */
export const TOKEN_PATTERN: string = '^([0-9A-Fa-f]{2}){1,100}$'

export const Token: TString = Type.String({
  pattern: TOKEN_PATTERN,
  description: 'A device token, hex-encoded',
})

/** A device token as a request has it. */
export type RequestedToken = string | { readonly token: string; readonly registeredAt?: number | string }
export const RequestedToken: TUnsafe<RequestedToken> = Type.Unsafe<RequestedToken>({
  type: ['string', 'object'],
  pattern: TOKEN_PATTERN,
  properties: { token: Token, registeredAt: Moment },
  required: ['token'],
  additionalProperties: false,
  description:
    'A device token, hex-encoded; or an object with it and the time at which the app registered it',
})

export const AppName: TString = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'An app of the configuration',
})

export const EnvironmentField: TUnsafe<EnvironmentName> = Type.Unsafe<EnvironmentName>({
  enum: ['production', 'sandbox'],
  description: 'Apple’s environment, where it is not the app’s own',
})

export const PushTypeField: TUnsafe<PushType> = Type.Unsafe<PushType>({
  enum: Object.keys(PUSH_TYPES),
  description: 'Default: told from the topic or the payload',
})

export const Payload: TUnsafe<Record<string, unknown>> = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  description: 'The JSON that the app gets: `aps`, and keys of its own',
})

export const PriorityField: TUnsafe<number> = Type.Unsafe<number>({
  enum: [1, 5, 10],
  description: 'Apple’s: 10 at once, 5 with regard to the battery, 1 battery first',
})

export const QueuePriority: TInteger = Type.Integer({
  minimum: -1000,
  maximum: 1000,
  description: 'Among the messages of an app: higher ones first. Default: 0',
})

export const Ambiguous: TUnsafe<'resend' | 'drop'> = Type.Unsafe<'resend' | 'drop'>({
  enum: ['resend', 'drop'],
  description:
    'What becomes of a request that was not answered: sent again (at least once, the default) or not (at most once)',
})

/** Of a path. */
export const MessageIdParameters: TObject<{ id: TString }> = Type.Object({
  id: Type.String({
    pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    description: 'The id that POST /v1/messages gave',
  }),
})

/** Of a path. */
export const AppParameters: TObject<{ app: TString }> = Type.Object({ app: AppName })

export const ChannelId: TString = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'The id of a channel, in base64, as Apple gave it',
})

export const StoragePolicyField: TUnsafe<StoragePolicy> = Type.Unsafe<StoragePolicy>({
  enum: ['none', 'latest'],
  description: 'What Apple keeps for devices that are not connected',
})
