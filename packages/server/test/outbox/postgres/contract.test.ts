import { after, before } from 'node:test'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { outboxContract } from '../contract.js'
import { postgresPlaces } from '../support/postgres-place.js'

let server: PostgresServer
before(async () => {
  if (POSTGRES_MISSING === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())

outboxContract(
  'PostgreSQL',
  postgresPlaces(() => server),
  POSTGRES_MISSING,
)
