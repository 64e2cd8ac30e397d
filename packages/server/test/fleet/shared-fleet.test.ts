import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SharedLine } from '#src/fleet/fleet.js'
import { NameInUseError } from '#src/fleet/name-watch.js'
import { FLEET_TIMING } from '#src/fleet/timing.js'
import { MemoryFleetStore } from './memory-fleet-store.js'
import { type Faults, SimulatedProcess } from './simulated-process.js'
import { SimulatedTime } from './simulated-time.js'

const { heartbeatMs, graceMs, deadMs, watchMs } = FLEET_TIMING
const NEWS: SharedLine = { name: 'news', limit: 4 }

/** A store, processes on it, and a network that does as it is told. */
class Fleet {
  readonly time = new SimulatedTime()
  readonly store = new MemoryFleetStore(() => this.time.now())
  readonly faults: Faults & { isCut: boolean } = {
    random: () => 0.5,
    isCut: false,
    tripMs: 10,
    lossRate: 0,
    drainMs: 1000,
  }

  /** A process that has its own way to the store, which can be cut. */
  process(
    owner: string,
    role: 'worker' | 'api' = 'worker',
  ): SimulatedProcess & { readonly faults: { isCut: boolean } } {
    const faults = { ...this.faults }
    return Object.assign(new SimulatedProcess(owner, this.time, this.store, faults, role), { faults })
  }

  /** Starts them one after the other. */
  async start(...owners: readonly string[]): Promise<ReturnType<Fleet['process']>[]> {
    const processes = owners.map((owner) => this.process(owner))
    for (const process of processes) {
      void process.start([NEWS])
      await this.time.pass(100)
    }
    return processes
  }
}

function openOf(...processes: readonly SimulatedProcess[]): number[] {
  return processes.map(({ open }) => open.get(NEWS.name) ?? 0)
}

function leadersOf(...processes: readonly SimulatedProcess[]): string[] {
  return processes.filter(({ fleet }) => fleet?.isLeader === true).map(({ owner }) => owner)
}

describe('the name of a member', () => {
  it('is not another’s while it lives', async () => {
    const fleet = new Fleet()
    const [one] = await fleet.start('one')
    const other = fleet.process('one').start([])
    const refused = assert.rejects(other, (error: unknown) => {
      assert.ok(error instanceof NameInUseError)
      assert.match(error.message, /"one".*worker\.owner/)
      return true
    })
    await fleet.time.pass(2 * heartbeatMs)
    await refused
    assert.equal(one?.wasReplaced, false)
  })

  it('is taken over within seconds from one that was killed', async () => {
    const fleet = new Fleet()
    const [former] = await fleet.start('one')
    former?.kill()
    const later = fleet.process('one')
    void later.start([NEWS])
    await fleet.time.pass(watchMs - heartbeatMs)
    assert.equal(later.fleet, undefined)
    await fleet.time.pass(heartbeatMs + heartbeatMs / 2)
    assert.notEqual(later.fleet, undefined)
    // The former self's connections are its own until it is dead: nobody knows that it was killed.
    assert.deepEqual(openOf(later), [0])
    await fleet.time.pass(deadMs)
    assert.deepEqual([openOf(later), leadersOf(later)], [[4], ['one']])
  })

  it('is taken over from one that is cut off, which learns of it, and claims nothing more', async () => {
    const fleet = new Fleet()
    const [former] = await fleet.start('one')
    assert.ok(former !== undefined)
    assert.deepEqual(openOf(former), [4])
    former.faults.isCut = true
    const later = fleet.process('one')
    void later.start([NEWS])
    await fleet.time.pass(deadMs)
    assert.notEqual(later.fleet, undefined)
    assert.deepEqual(openOf(former, later), [0, 0])
    former.faults.isCut = false
    await fleet.time.pass(deadMs)
    assert.equal(former.wasReplaced, true)
    assert.equal(former.fleet?.isReplaced, true)
    assert.equal(former.fleet.mayServe('a lane without a limit'), false)
    assert.deepEqual([openOf(former, later), leadersOf(former, later)], [[0, 4], ['one']])
  })

  it('is nobody’s concern where it leases nothing', async () => {
    const fleet = new Fleet()
    await fleet.start('one')
    const api = fleet.process('one', 'api')
    void api.start([])
    await fleet.time.pass(100)
    assert.notEqual(api.fleet, undefined)
    const again = fleet.process('one', 'api')
    void again.start([])
    await fleet.time.pass(100)
    assert.notEqual(again.fleet, undefined)
    assert.deepEqual(leadersOf(api, again), [])
    const gate = fleet.process('gate', 'api')
    void gate.start([])
    await fleet.time.pass(100)
    const worker = fleet.process('gate')
    void worker.start([])
    await fleet.time.pass(100)
    assert.notEqual(worker.fleet, undefined)
  })
})

describe('the connections of a fleet', () => {
  it('are divided anew when a member comes, and nothing is claimed where there are none', async () => {
    const fleet = new Fleet()
    const [one] = await fleet.start('one')
    assert.ok(one !== undefined)
    assert.deepEqual(openOf(one), [4])
    const other = fleet.process('other')
    void other.start([NEWS])
    await fleet.time.pass(100)
    assert.equal(other.fleet?.mayServe(NEWS.name), false)
    assert.equal(other.fleet.mayServe('a lane without a limit'), true)
    await fleet.time.pass(2 * heartbeatMs + 1000)
    assert.deepEqual(openOf(one, other), [2, 2])
    assert.equal(other.fleet.mayServe(NEWS.name), true)
  })

  it('are others’ as soon as a member has left', async () => {
    const fleet = new Fleet()
    const [one, other] = await fleet.start('one', 'other')
    assert.ok(one !== undefined && other !== undefined)
    await fleet.time.pass(3 * heartbeatMs)
    void one.stop()
    await fleet.time.pass(heartbeatMs + 100)
    assert.deepEqual([openOf(one, other), leadersOf(one, other)], [[0, 4], ['other']])
  })

  it('follow another limit, and the lowest while members disagree', async () => {
    const fleet = new Fleet()
    const [one, other] = await fleet.start('one', 'other')
    assert.ok(one !== undefined && other !== undefined)
    await fleet.time.pass(3 * heartbeatMs)
    one.served.splice(0, 1, { ...NEWS, limit: 2 })
    await fleet.time.pass(4 * heartbeatMs)
    assert.deepEqual(openOf(one, other), [1, 1])
    one.served.splice(0, 1)
    await fleet.time.pass(4 * heartbeatMs)
    assert.deepEqual(openOf(one, other), [0, 4])
  })

  it('are closed before the grace is over for others, where no heartbeat gets through', async () => {
    const fleet = new Fleet()
    const [one] = await fleet.start('one')
    assert.ok(one !== undefined)
    one.faults.isCut = true
    await fleet.time.pass(graceMs - heartbeatMs - 200)
    assert.deepEqual([openOf(one), leadersOf(one)], [[4], ['one']])
    await fleet.time.pass(heartbeatMs + 200)
    assert.deepEqual(leadersOf(one), [])
    assert.equal(one.fleet?.mayServe(NEWS.name), false)
    await fleet.time.pass((deadMs - graceMs) / 2)
    assert.deepEqual(openOf(one), [0])
    assert.match(String(one.errors.at(-1)), /no heartbeat was heard|cannot be reached/)
    one.faults.isCut = false
    await fleet.time.pass(2 * deadMs)
    assert.deepEqual([openOf(one), leadersOf(one)], [[4], ['one']])
    assert.equal(one.wasReplaced, false)
  })

  it('are given back by one that was held up for too long, before it is a member again', async () => {
    const fleet = new Fleet()
    const [one, other] = await fleet.start('one', 'other')
    assert.ok(one !== undefined && other !== undefined)
    await fleet.time.pass(3 * heartbeatMs)
    one.stall(2 * deadMs)
    await fleet.time.pass(2 * deadMs - 1)
    assert.deepEqual(leadersOf(one, other), ['other'])
    assert.equal(one.fleet?.mayServe(NEWS.name), false)
    await fleet.time.pass(2 * deadMs)
    assert.deepEqual([openOf(one, other), leadersOf(one, other)], [[2, 2], ['other']])
  })
})

describe('the leader', () => {
  it('is the first, and another within seconds after it was killed', async () => {
    const fleet = new Fleet()
    const [one, other] = await fleet.start('one', 'other')
    assert.ok(one !== undefined && other !== undefined)
    assert.deepEqual(leadersOf(one, other), ['one'])
    assert.deepEqual([one.leads, other.leads], [true, false])
    one.kill()
    await fleet.time.pass(deadMs + heartbeatMs)
    assert.deepEqual([other.fleet?.isLeader, other.leads], [true, true])
  })
})

describe('what is resumed', () => {
  it('is resumed by every member, once', async () => {
    const fleet = new Fleet()
    fleet.store.resumes = { everything: 1, lanes: { news: 3 } }
    const [one, other] = await fleet.start('one', 'other')
    assert.ok(one !== undefined && other !== undefined)
    await fleet.time.pass(3 * heartbeatMs)
    assert.deepEqual([one.resumes, other.resumes], [[], []])
    fleet.store.resumes = { everything: 1, lanes: { news: 4, chat: 1 } }
    await fleet.time.pass(3 * heartbeatMs)
    fleet.store.resumes = { everything: 2, lanes: { news: 4, chat: 1 } }
    one.fleet?.wake()
    await fleet.time.pass(100)
    assert.deepEqual(one.resumes, [['news', 'chat'], 'all'])
    await fleet.time.pass(heartbeatMs)
    assert.deepEqual(other.resumes, [['news', 'chat'], 'all'])
  })
})
