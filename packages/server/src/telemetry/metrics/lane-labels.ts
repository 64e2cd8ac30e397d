import { type AppInfo, parseLane } from '../../apps/app-registry.js'

/** What says in a metric, or a log line, what it is about. */
export interface LaneLabels {
  readonly app: string
  /** `production`, `sandbox`, or host and port; `unknown` for an app that is not configured any more. */
  readonly environment: string
  readonly service: 'devices' | 'broadcast'
}

export function laneLabels(lane: string, apps: ReadonlyMap<string, AppInfo> | undefined): LaneLabels {
  const parsed = parseLane(lane)
  if (parsed === undefined) return { app: lane, environment: 'unknown', service: 'devices' }
  const { app, environment, service } = parsed
  return { app, environment: environment ?? apps?.get(app)?.environment ?? 'unknown', service }
}
