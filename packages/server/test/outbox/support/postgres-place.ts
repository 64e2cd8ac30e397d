import { openPostgresOutbox } from '@apns-worker/server'
import type { PostgresServer } from '../../postgres/postgres-server.js'
import type { MakePlace } from './place.js'

/** A database of its own for each, a copy of one that has the tables already. */
export function postgresPlaces(server: () => PostgresServer): MakePlace {
  let template: Promise<string> | undefined
  return async () => {
    template ??= makeTemplate(server())
    const name = await server().createDatabase(await template)
    return {
      open: (options) => openPostgresOutbox({ ...options, url: server().url(name) }),
      remove: () => server().dropDatabase(name),
    }
  }
}

async function makeTemplate(server: PostgresServer): Promise<string> {
  const name = await server.createDatabase()
  await (await openPostgresOutbox({ url: server.url(name) })).close()
  return name
}
