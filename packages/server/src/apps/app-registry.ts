import type { ApnsManager, ChannelManager } from 'apns-worker'

/** An environment that Apple has, by which a message may name another one than its app's own. */
export type EnvironmentName = 'production' | 'sandbox'

/** The apps that are configured at present, and who sends for each. */
export interface AppRegistry {
  readonly apps: ReadonlyMap<string, AppInfo>

  /**
   * Who sends for each lane; a live map. A lane is what the outbox and the worker have for an app: the app's name, with
   * `@environment` for messages that name another environment than the app's own, and `#broadcast` for those to channels.
   */
  readonly managers: ReadonlyMap<string, ApnsManager>

  /**
   * The lane of messages for an app, whose manager is made if there is none yet.
   *
   * @param environment default: the app's own
   * @param service default: `devices`
   * @throws {UnknownAppError} also when the app's credentials are not for that environment
   */
  laneOf(app: string, environment?: EnvironmentName, service?: LaneService): string

  /** All lanes that an app can have, whether there is a manager or not: its own first. */
  lanesOf(app: string): readonly string[]

  /**
   * Who makes, lists and deletes an app's channels.
   *
   * @throws {UnknownAppError}
   */
  channelsOf(app: string, environment?: EnvironmentName): ChannelManager
}

export interface AppInfo {
  readonly name: string
  readonly topic: string | undefined
  /** `production`, `sandbox`, or host and port. */
  readonly environment: string
  readonly credentials: 'token' | 'certificate'
}

/** There is no such app, or not in that environment; `message` says which ones there are. */
export class UnknownAppError extends Error {
  override readonly name = 'UnknownAppError'
  readonly code = 'UNKNOWN_APP'
}

/** What a lane is for: notifications to devices, or broadcasts to channels. */
export type LaneService = 'devices' | 'broadcast'

/** The parts of a lane's name: `news`, `news@production`, `news#broadcast`, `news@production#broadcast`. */
export interface Lane {
  readonly app: string
  /** Undefined: the app's own. */
  readonly environment: EnvironmentName | undefined
  readonly service: LaneService
}

const LANE = /^([^@#]+)(?:@(production|sandbox))?(#broadcast)?$/

export function laneName(
  app: string,
  environment: EnvironmentName | undefined,
  service: LaneService = 'devices',
): string {
  return (
    app + (environment === undefined ? '' : `@${environment}`) + (service === 'broadcast' ? '#broadcast' : '')
  )
}

/** @returns undefined for what is no lane's name */
export function parseLane(name: string): Lane | undefined {
  const [, app, environment, broadcast] = LANE.exec(name) ?? []
  if (app === undefined) return undefined
  return {
    app,
    // The expression has no other.
    environment: environment as EnvironmentName | undefined,
    service: broadcast === undefined ? 'devices' : 'broadcast',
  }
}

/** The app of a lane. */
export function appOfLane(lane: string): string {
  return /^[^@#]*/.exec(lane)?.[0] ?? lane
}
