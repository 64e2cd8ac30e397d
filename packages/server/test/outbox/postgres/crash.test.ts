import { after, before } from 'node:test'
import { Folder } from '../../operations/folder.js'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { outboxCrashes } from '../crashes.js'
import { postgresCrashStore } from '../support/crash-store.js'

let server: PostgresServer
before(async () => {
  if (POSTGRES_MISSING === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())

outboxCrashes(
  'PostgreSQL',
  async (work) => {
    await using folder = await Folder.make()
    await work(await postgresCrashStore(server, folder))
  },
  POSTGRES_MISSING,
)
