import type { Fleet } from '../fleet/fleet.js'
import type { News } from '../outbox/outbox.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import type { Announcements } from './announcements.js'
import { Arrival } from './arrival.js'
import { isFinal, type OpenedOutbox } from './open-outbox.js'
import type { Sending } from './sending.js'
import type { StartedParts } from './started-parts.js'

export interface SharedStart {
  readonly open: () => Promise<OpenedOutbox>
  /** Becomes a member of those that share it. @throws {ServerError} `ALREADY_RUNNING` */
  readonly join: (outbox: OpenedOutbox) => Promise<Fleet>
  readonly sending: Sending
  readonly telemetry: Telemetry
  readonly started: StartedParts
  readonly announcements: Announcements
  readonly address: string
}

/**
 * Opens a shared outbox, and begins to send from it; where it is not to be had, it is tried again and again, while the server
 * listens and is not ready.
 *
 * @throws what another attempt would fail with as well
 */
export async function beginWhenThere(start: SharedStart): Promise<void> {
  const { open, join, sending, telemetry, started, announcements, address } = start
  let outbox: OpenedOutbox | undefined
  let fleet: Fleet | undefined
  const arrival = new Arrival({
    arrive: async () => {
      if (outbox === undefined) {
        outbox = await open()
        const unwatch = outbox.watch((news) => heed(sending, fleet, news))
        started.add('news of the outbox', unwatch)
      }
      // Only whoever is a member may end the leases that are in its name.
      fleet ??= await join(outbox)
      await sending.begin()
      telemetry.log.info('the outbox is there')
      await announcements.ready(address)
    },
    isFinal,
    onError: (error, retryMs) =>
      telemetry.log.error(
        { err: error, retrySeconds: retryMs / 1000 },
        'the outbox is not to be had, and is tried again',
      ),
  })
  await started.start(
    'arrival of the outbox',
    () => arrival,
    (each) => each[Symbol.asyncDispose](),
  )
  await arrival.begin()
}

function heed({ worker, follower }: Sending, fleet: Fleet | undefined, news: News): void {
  switch (news) {
    case 'work':
      worker.wake()
      return
    case 'control':
      worker.heed()
      // Lines that were resumed are heard of there.
      fleet?.wake()
      // What was resumed may be claimed.
      worker.wake()
      return
    case 'dead tokens':
      follower.woken()
      return
    default:
      throw new Error(`no such news: ${String(news satisfies never)}`)
  }
}
