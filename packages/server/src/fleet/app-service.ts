import type { ApnsManager } from 'apns-worker'
import type { SharedLines } from '../apps/shared-lines.js'
import type { FleetService, SharedLine } from './fleet.js'
import type { LaneState, MemberState } from './member.js'

/** The library's own default, of apps that say nothing. */
const DEFAULT_MAX_CONNECTIONS = 8
/** Of how many lanes a process tells, since it does so with each heartbeat: those come first with which something is. */
const MAX_LANES_TOLD = 200

export interface AppServiceOptions {
  /** The lanes that are served, by their names; a live map. */
  readonly managers: ReadonlyMap<string, Pick<ApnsManager, 'setMaxConnections' | 'stats' | 'resume'>>
  readonly lines: SharedLines
  /** Connections of this process over a lane's line at most, whatever the fleet would give it. */
  readonly maxConnectionsOf: (lane: string) => number | undefined
  /** What the worker has in hand; undefined where there is none. */
  readonly window: () => MemberState['window']
  /** Whether messages of a lane may be claimed, as the fleet says. */
  readonly mayServe: (lane: string) => boolean
  /** What a lane has in hand is given back, since it has no connections any more. */
  readonly giveBack: (lane: string) => void
  readonly leading: (isLeader: boolean) => void
  readonly replaced: () => void
}

/** What a server does in a fleet: the connections of its apps, and what it tells of them. */
export class AppService implements FleetService {
  readonly #options: AppServiceOptions
  /** How many connections each line may have. */
  readonly #counts = new Map<string, number>()

  constructor(options: AppServiceOptions) {
    this.#options = options
  }

  lines(): readonly SharedLine[] {
    return this.#options.lines.all
  }

  lineOf(lane: string): SharedLine | undefined {
    return this.#options.lines.of(lane)
  }

  async setConnections(line: string, count: number, timeoutMs?: number): Promise<void> {
    const { lines } = this.#options
    const lanes = lines.lanesOf(line)
    if (!lines.all.some(({ name }) => name === line)) {
      // Its limit is gone from the configuration, and it may have what it would have had without.
      this.#counts.delete(line)
      await Promise.all(lanes.map((lane) => this.#limit(lane, Number.POSITIVE_INFINITY, undefined)))
      return
    }
    this.#counts.set(line, count)
    if (count === 0) for (const lane of lanes) this.#options.giveBack(lane)
    await Promise.all(lanes.map((lane) => this.#limit(lane, count, timeoutMs)))
  }

  /** A lane's manager was made: it has what its line has, and nothing before the fleet has given it something. */
  made(lane: string): void {
    const line = this.lineOf(lane)
    if (line !== undefined) void this.#limit(lane, this.#counts.get(line.name) ?? 0, undefined)
  }

  describe(): MemberState {
    const { managers, window } = this.#options
    const lanes = Array.from(managers, ([lane, manager]): LaneState => {
      const { paused, connections } = manager.stats()
      const isWaiting = !this.#options.mayServe(lane)
      return { lane, state: paused ? 'paused' : isWaiting ? 'waiting' : 'open', connections }
    })
    const told = lanes.length <= MAX_LANES_TOLD ? lanes : lanes.sort(busiestFirst).slice(0, MAX_LANES_TOLD)
    return { lanes: told, window: window() }
  }

  leading(isLeader: boolean): void {
    this.#options.leading(isLeader)
  }

  resumed(lanes: readonly string[] | 'all'): void {
    const { managers } = this.#options
    for (const lane of lanes === 'all' ? managers.keys() : lanes) managers.get(lane)?.resume()
  }

  replaced(): void {
    this.#options.replaced()
  }

  async #limit(lane: string, count: number, timeoutMs: number | undefined): Promise<void> {
    const most = this.#options.maxConnectionsOf(lane) ?? DEFAULT_MAX_CONNECTIONS
    const options = timeoutMs === undefined ? {} : { timeout: timeoutMs / 1000 }
    await this.#options.managers.get(lane)?.setMaxConnections(Math.min(count, most), options)
  }
}

function busiestFirst(one: LaneState, other: LaneState): number {
  return Number(one.state === 'open') - Number(other.state === 'open') || other.connections - one.connections
}
