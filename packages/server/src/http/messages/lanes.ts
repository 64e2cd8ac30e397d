import {
  appOfLane,
  type EnvironmentName,
  type LaneService,
  UnknownAppError,
} from '../../apps/app-registry.js'
import type { ApiContext } from '../api-context.js'
import type { Caller } from '../caller.js'
import { ApiProblem } from '../problem/api-problem.js'

/**
 * The lane of a message that names an app.
 *
 * @throws {ApiProblem} `UNKNOWN_APP`, with the apps that this caller may use, and no others
 */
export function laneFor(
  { apps }: ApiContext,
  caller: Caller,
  app: string,
  environment: EnvironmentName | undefined,
  service: LaneService = 'devices',
): string {
  if (!isKnown(apps.apps, caller, app)) {
    const known = [...apps.apps.keys()].filter((name) => caller.mayUse(name))
    const detail = known.length === 0 ? 'there is none' : `there are: ${known.join(', ')}`
    throw unknown('/app', `there is no app ${JSON.stringify(app)}; ${detail}`)
  }
  try {
    return apps.laneOf(app, environment, service)
  } catch (error) {
    if (error instanceof UnknownAppError) throw unknown('/environment', error.message)
    throw error
  }
}

/**
 * Sees to it that there is an app of an address, for this caller.
 *
 * @throws {ApiProblem} `UNKNOWN_APP`, as 404
 */
export function checkApp({ apps }: Pick<ApiContext, 'apps'>, caller: Caller, app: string): void {
  if (isKnown(apps.apps, caller, app)) return
  throw new ApiProblem('UNKNOWN_APP', `there is no app ${JSON.stringify(app)}`, { status: 404 })
}

/**
 * Sees to it that a message is of an app that the caller may use.
 *
 * @throws {ApiProblem} `NOT_FOUND`, as if it did not exist
 * @throws {OutboxError} `NOT_FOUND` where it does not
 */
export async function checkMessageOf(
  { outbox }: ApiContext,
  caller: Caller,
  messageId: string,
): Promise<void> {
  if (caller.isForAllApps === true) return
  const { app } = await outbox.message(messageId)
  if (!caller.mayUse(appOfLane(app))) throw noMessage(messageId)
}

export function noMessage(messageId: string): ApiProblem {
  return new ApiProblem('NOT_FOUND', `there is no message ${messageId}`)
}

function isKnown(apps: ReadonlyMap<string, unknown>, caller: Caller, app: string): boolean {
  return apps.has(app) && caller.mayUse(app)
}

function unknown(pointer: string, detail: string): ApiProblem {
  return new ApiProblem('UNKNOWN_APP', detail, { errors: [{ pointer, detail }] })
}
