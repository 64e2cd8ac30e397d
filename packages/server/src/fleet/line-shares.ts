import type { FleetService } from './fleet.js'
import type { LineRecord, LineRecords } from './member-record.js'

interface Share {
  /** How many connections there may be. */
  allowed: number
  /** How many there may still be: more than `allowed`, while those that are too many close. */
  held: number
  /** How often it was changed. */
  changes: number
}

/**
 * What this process has of the fleet's connections, line by line. More are allowed as soon as they are granted; fewer are
 * given up when those that are too many are gone, and not before.
 */
export class LineShares {
  readonly #service: Pick<FleetService, 'setConnections'>
  readonly #freed: () => void
  readonly #onError: (error: unknown) => void
  readonly #shares = new Map<string, Share>()

  /** @param freed called when there are fewer than before, which the others should know */
  constructor(
    service: Pick<FleetService, 'setConnections'>,
    freed: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#service = service
    this.#freed = freed
    this.#onError = onError
  }

  allowed(line: string): number {
    return this.#shares.get(line)?.allowed ?? 0
  }

  /** Whether no connection is left. */
  get isEmpty(): boolean {
    return [...this.#shares.values()].every(({ held }) => held === 0)
  }

  /** For a heartbeat: the lines that are served, and those of which there is still something. */
  records(served: ReadonlyMap<string, number>): LineRecords {
    const records: Record<string, LineRecord> = {}
    for (const [line, limit] of served) records[line] = { limit, held: this.#shares.get(line)?.held ?? 0 }
    for (const [line, { held }] of this.#shares) {
      if (served.has(line)) continue
      if (held === 0) this.#shares.delete(line)
      else records[line] = { limit: null, held }
    }
    return records
  }

  /** @param timeoutMs after which those that are too many have to be gone */
  allow(line: string, count: number, timeoutMs?: number): void {
    const share = this.#shares.get(line) ?? { allowed: 0, held: 0, changes: 0 }
    if (count === share.allowed) return
    this.#shares.set(line, share)
    share.allowed = count
    share.held = Math.max(share.held, count)
    const change = ++share.changes
    this.#service.setConnections(line, count, timeoutMs).then(
      () => {
        if (change !== share.changes || share.held === count) return
        share.held = count
        this.#freed()
      },
      // What is not known to be closed stays ours.
      this.#onError,
    )
  }

  /** Closes all, of all lines. */
  withdraw(timeoutMs: number): void {
    for (const line of this.#shares.keys()) this.allow(line, 0, timeoutMs)
  }
}
