import type { ApnsManager } from 'apns-worker'

/** An environment that Apple has, by which a message may name another one than its app's own. */
export type EnvironmentName = 'production' | 'sandbox'

/** The apps that are configured at present, and who sends for each. */
export interface AppRegistry {
  readonly apps: ReadonlyMap<string, AppInfo>

  /**
   * Who sends for each lane; a live map. A lane is what the outbox and the worker have for an app: the app's name, or
   * `name@environment` for messages that name another environment than the app's own.
   */
  readonly managers: ReadonlyMap<string, ApnsManager>

  /**
   * The lane of messages for an app, whose manager is made if there is none yet.
   *
   * @param environment default: the app's own
   * @throws {UnknownAppError} also when the app's credentials are not for that environment
   */
  laneOf(app: string, environment?: EnvironmentName): string

  /** Lanes of an app that may have messages: its own first. */
  lanesOf(app: string): readonly string[]
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

const SEPARATOR = '@'

export function laneName(app: string, environment: EnvironmentName | undefined): string {
  return environment === undefined ? app : app + SEPARATOR + environment
}

/** The app of a lane. */
export function appOfLane(lane: string): string {
  const at = lane.indexOf(SEPARATOR)
  return at < 0 ? lane : lane.slice(0, at)
}
