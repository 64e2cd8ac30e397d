/** Chance that can be repeated, and the distributions drawn with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Latency, latencySampler } from '#src/latency.js'
import { Random } from '#src/random.js'

const DRAWS = 20_000

function draws<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, draw)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN
}

function isNear(value: number, wanted: number, tolerance: number): void {
  assert.ok(Math.abs(value - wanted) <= tolerance, `${value} is not ${wanted} ± ${tolerance}`)
}

test('the same seed gives the same sequence, another one another', () => {
  const sequence = (seed: string): number[] => {
    const random = new Random(seed)
    return draws(100, () => random.next())
  }
  assert.deepEqual(sequence('7'), sequence('7'))
  assert.notDeepEqual(sequence('7'), sequence('8'))
  const shared = new Set(sequence('7'))
  assert.equal(shared.size, 100)
  assert.ok(sequence('8').every((value) => !shared.has(value)))
})

test('numbers are spread evenly, and each tells nothing of the next', () => {
  for (const seed of ['1', '2', 'x']) {
    const random = new Random(seed)
    const numbers = draws(DRAWS, () => random.next())
    const tenths = new Array<number>(10).fill(0)
    for (const value of numbers) tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1
    for (const count of tenths) isNear(count / DRAWS, 0.1, 0.012)
    const products = numbers.slice(1).map((value, index) => (value - 0.5) * ((numbers[index] ?? 0) - 0.5))
    isNear(mean(products) * 12, 0, 0.03)
  }
})

test('chances, ranges and weights are what they say', () => {
  const random = new Random('1')
  isNear(draws(DRAWS, () => random.chance(0.2)).filter(Boolean).length / DRAWS, 0.2, 0.015)
  const integers = new Set(draws(1000, () => random.integer(3, 6)))
  assert.deepEqual(
    [...integers].sort((one, other) => one - other),
    [3, 4, 5, 6],
  )
  const choices = [
    { name: 'often', weight: 3 },
    { name: 'seldom', weight: 1 },
    { name: 'never', weight: 0 },
  ]
  const names = draws(DRAWS, () => random.pick(choices).name)
  isNear(names.filter((name) => name === 'often').length / DRAWS, 0.75, 0.015)
  assert.ok(!names.includes('never'))
  assert.throws(() => random.pick([]), RangeError)
})

test('latencies are drawn from the distribution named', () => {
  const sample = (latency: Latency): number[] => {
    const draw = latencySampler(latency, new Random('1'))
    return draws(DRAWS, draw)
  }
  assert.deepEqual(new Set(sample(0.25)), new Set([250]))
  assert.deepEqual(new Set(sample({ constant: 0.25 })), new Set([250]))

  const uniform = sample({ uniform: [0.1, 0.3] })
  isNear(mean(uniform), 200, 2)
  assert.ok(uniform.every((value) => value >= 100 && value < 300))

  const normal = sample({ normal: { mean: 0.2, deviation: 0.05 } })
  isNear(mean(normal), 200, 2)
  isNear(quantile(normal, 0.8413), 250, 3)
  assert.equal(Math.min(...sample({ normal: { mean: 0, deviation: 1 } })), 0)

  const logNormal = sample({ logNormal: { median: 0.1, sigma: 0.5 } })
  isNear(quantile(logNormal, 0.5), 100, 3)
  isNear(quantile(logNormal, 0.8413), 165, 5)
})
