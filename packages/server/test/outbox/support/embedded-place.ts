import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DriverName, openEmbeddedOutbox } from '@apns-worker/server'
import type { MakePlace } from './place.js'

/** A file in a folder of its own. */
export async function withFolder<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'apns-worker-outbox-'))
  try {
    return await work(join(folder, 'outbox.db'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function embeddedPlaces(driver: DriverName): MakePlace {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'apns-worker-outbox-'))
    return {
      // Without waiting for the disk, which `durability.test` tries: the contract is a thousand transactions.
      open: (options) =>
        openEmbeddedOutbox({ ...options, path: join(folder, 'outbox.db'), driver, durability: 'crash' }),
      remove: () => rm(folder, { recursive: true }),
    }
  }
}
