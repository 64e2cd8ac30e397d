import type { ServerConfig } from '../config/server-config.js'
import type { Fleet } from '../fleet/fleet.js'
import { NameInUseError } from '../fleet/name-watch.js'
import { PostgresFleetStore } from '../fleet/postgres/postgres-fleet-store.js'
import { SharedFleet } from '../fleet/shared-fleet.js'
import { SingleFleet } from '../fleet/single-fleet.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import type { OpenedOutbox } from './open-outbox.js'
import { ServerError } from './server-error.js'

/**
 * Becomes a member of those that work on an outbox.
 *
 * @param outbox undefined: it is this process's own
 * @throws {ServerError} `ALREADY_RUNNING`
 * @throws {OutboxError} with one of the `STORE_` codes
 */
export async function joinFleet(
  { role, worker: { owner } }: Pick<ServerConfig, 'role' | 'worker'>,
  telemetry: Telemetry,
  outbox?: OpenedOutbox,
): Promise<Fleet> {
  if (outbox?.database === undefined) return new SingleFleet(owner, role)
  const store = new PostgresFleetStore(outbox.database)
  const onError = telemetry.report('the other workers do not hear of this one, and it tries again')
  try {
    return await SharedFleet.join({ store, owner, role, onError })
  } catch (cause) {
    if (!(cause instanceof NameInUseError)) throw cause
    throw new ServerError('ALREADY_RUNNING', cause.message, { cause })
  }
}
