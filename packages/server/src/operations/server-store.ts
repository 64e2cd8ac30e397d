import type { PostgresOutboxConfig, ServerConfig } from '../config/server-config.js'
import { openEmbeddedOutbox } from '../outbox/embedded/embedded-outbox.js'
import type { Outbox } from '../outbox/outbox.js'
import { boundedOutbox } from './bounded-outbox.js'
import { LateOutbox } from './late-outbox.js'
import type { OpenedOutbox, OpenOutbox } from './open-outbox.js'
import { OwnerLock } from './owner-lock.js'
import type { StartedParts } from './started-parts.js'
import { StoreProbe } from './store-probe.js'

/** A database ends a statement that takes too long by itself; only one that has gone silent does not, and is given up then. */
const BEYOND_STATEMENT_MS = 3000
/** Whoever scrapes waits for ten seconds, as a rule. */
const SCRAPE_LIMIT_MS = 3000

/** Where a server keeps messages, as each of its parts is to use it. */
export interface ServerStore {
  /** For what works by itself, and tries again. */
  readonly outbox: Outbox
  /** For the API, where everybody is to be answered in bounded time. */
  readonly forApi: Outbox
  /** For the API too: what else asks the database that it is in. */
  bound<Source extends object>(source: Source): Source
  /** For metrics, the log, and what is said at the end. */
  readonly forReports: Outbox
  readonly probe: StoreProbe
  /** Opens it. Undefined: it is open. @throws as `OpenOutbox` */
  readonly open: (() => Promise<OpenedOutbox>) | undefined
  /** The server stops: from now on nobody waits long for a store that does not answer. */
  hurry(): void
}

/**
 * Opens the embedded store, whose file is on this machine; whoever sends from it has the lock of its owner. A store that is
 * shared is opened by {@link ServerStore.open}, since it need not be there yet.
 *
 * @throws {ServerError} `ALREADY_RUNNING`
 * @throws {OutboxError} with one of the `STORE_` codes
 */
export async function serverStore(
  config: ServerConfig,
  started: StartedParts,
  openOutbox: OpenOutbox,
): Promise<ServerStore> {
  return config.outbox === undefined
    ? embeddedStore(config, started)
    : sharedStore(config.outbox, started, openOutbox)
}

async function embeddedStore(
  { store, worker, role }: ServerConfig,
  started: StartedParts,
): Promise<ServerStore> {
  if (role !== 'api') {
    await started.start(
      'lock',
      () => OwnerLock.take(store.path, worker.owner),
      (lock) => lock[Symbol.dispose](),
    )
  }
  const outbox = await started.start(
    'store',
    () => openEmbeddedOutbox(store),
    (each) => each.close(),
  )
  // It is in this process, has its own bounds, and cannot be cut off from it.
  return {
    outbox,
    forApi: outbox,
    bound: (source) => source,
    forReports: outbox,
    probe: new StoreProbe(outbox, store.path),
    open: undefined,
    hurry: () => {},
  }
}

function sharedStore(
  config: PostgresOutboxConfig,
  started: StartedParts,
  openOutbox: OpenOutbox,
): ServerStore {
  const late = new LateOutbox()
  started.add('store', () => late.close())
  const { outbox } = late
  const limitMs = config.statementTimeoutMs + BEYOND_STATEMENT_MS
  const stopping = new AbortController()
  const hurry = stopping.signal
  return {
    // It has little to ask at a time, and is to notice at once when the database is there again.
    outbox: boundedOutbox(outbox, { limitMs, hurry, stalledMs: Number.POSITIVE_INFINITY }),
    forApi: boundedOutbox(outbox, { limitMs, hurry }),
    bound: (source) => boundedOutbox(source, { limitMs, hurry }),
    forReports: boundedOutbox(outbox, { limitMs: SCRAPE_LIMIT_MS }),
    probe: new StoreProbe(outbox, undefined),
    open: async () => {
      const real = await openOutbox(config)
      await late.provide(real)
      return real
    },
    hurry: () => stopping.abort(),
  }
}
