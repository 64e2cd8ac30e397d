import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, it } from 'node:test'
import type { SharedLine } from '#src/fleet/fleet.js'
import { FLEET_TIMING } from '#src/fleet/timing.js'
import { MemoryFleetStore } from './memory-fleet-store.js'
import { type Faults, SimulatedProcess } from './simulated-process.js'
import { SimulatedTime } from './simulated-time.js'

const RUNS = 100
const STEPS = 60
const STEP_MS = 8000
const MAX_PROCESSES = 8
/** Shorter than what is between the end of the grace and death, less the time that closing takes. */
const MAX_STALL_MS = 1900
/** For all that is dead to be forgotten, and for two heartbeats after that. */
const CALM_MS = 3 * FLEET_TIMING.deadMs
const LINES: readonly SharedLine[] = [
  { name: 'news', limit: 7 },
  { name: 'chat', limit: 2 },
]

/** A small generator (mulberry32): the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

class Model {
  readonly time = new SimulatedTime()
  readonly store = new MemoryFleetStore(() => this.time.now())
  readonly random: () => number
  readonly faults: Faults & { isCut: boolean; lossRate: number }
  processes: SimulatedProcess[] = []
  #names = 0

  constructor(seed: number) {
    this.random = randomFrom(seed)
    this.faults = { random: this.random, isCut: false, tripMs: 200, lossRate: 0.05, drainMs: 5000 }
  }

  step(): void {
    const living = this.processes.filter(({ isMember }) => isMember)
    const one = living[Math.floor(this.random() * living.length)]
    const dice = this.random()
    if (living.length === 0 || (dice < 0.3 && living.length < MAX_PROCESSES))
      this.#start(`worker-${this.#names++}`)
    else if (dice < 0.45) void one?.stop().catch(() => one.kill())
    else if (dice < 0.6) one?.kill()
    else if (dice < 0.7) {
      one?.kill()
      this.#start(one?.owner ?? '')
    } else if (dice < 0.8) one?.stall(this.random() * MAX_STALL_MS)
    else if (dice < 0.9) this.#cutStore(this.random() * 2 * FLEET_TIMING.deadMs)
    this.processes = this.processes.filter(({ isDead }) => !isDead)
  }

  /** At no moment may there be more connections than the limit, or two leaders. */
  look(): void {
    for (const { name, limit } of LINES) {
      const open = this.processes.map((process) => process.open.get(name) ?? 0)
      const sum = open.reduce((total, count) => total + count, 0)
      assert.ok(
        sum <= limit,
        `${open.join(' + ')} connections to ${name}, of ${limit}, at ${this.time.now()} ms`,
      )
    }
    const leaders = this.processes.filter(({ fleet, isDead }) => !isDead && fleet?.isLeader === true)
    assert.ok(leaders.length <= 1, `${leaders.map(({ owner }) => owner).join(' and ')} lead`)
  }

  /** In the end each has its share, somebody leads, and nothing is left over. */
  checkFairness(): void {
    const members = this.processes.filter(({ isMember }) => isMember)
    if (members.length === 0) return
    for (const { name, limit } of LINES) {
      const open = members.map((process) => process.open.get(name) ?? 0)
      assert.equal(
        open.reduce((sum, count) => sum + count, 0),
        limit,
        `${open.join(' + ')} connections to ${name}, of ${limit}`,
      )
      assert.ok(Math.max(...open) - Math.min(...open) <= 1, `${open.join(' + ')} connections to ${name}`)
      for (const [index, { fleet }] of members.entries())
        assert.equal(fleet?.mayServe(name), (open[index] ?? 0) > 0)
    }
    assert.equal(members.filter(({ leads }) => leads).length, 1)
  }

  #start(owner: string): void {
    const process = new SimulatedProcess(owner, this.time, this.store, this.faults)
    this.processes.push(process)
    // It does not come up while the store cannot be reached.
    process.start(LINES).catch(() => process.kill())
  }

  #cutStore(milliseconds: number): void {
    this.faults.isCut = true
    this.time.after(milliseconds, () => {
      this.faults.isCut = false
    })
  }
}

describe('a fleet of processes that come, go, die, stall and lose the store', () => {
  for (let run = 0; run < RUNS; run++) {
    const seed = randomInt(2 ** 31)
    it(`never has more connections than it may, and shares them (seed ${seed})`, async () => {
      const model = new Model(seed)
      for (let step = 0; step < STEPS; step++) {
        model.step()
        await model.time.pass(model.random() * STEP_MS, () => model.look())
      }
      model.faults.isCut = false
      model.faults.lossRate = 0
      await model.time.pass(CALM_MS, () => model.look())
      await model.time.pass(CALM_MS, () => model.look())
      model.checkFairness()
    })
  }
})
