import { type FuzzTarget, Violation } from './fuzz-target.js'
import { minimise } from './minimise.js'
import { executionSeed, Random } from './random.js'
import { formatStep, type Step } from './step.js'

/** Something that was found, and how to see it again. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly execution: number
  /** What must not be, with the place where it was thrown. */
  readonly problem: string
  /** The smallest input that shows it, one step a line. */
  readonly steps: readonly string[]
}

/** Runs inputs of one target, each told by the run's seed and its number alone. */
export class Fuzzer {
  readonly #target: FuzzTarget
  readonly #seed: number
  readonly #beforeEachRun: () => void
  /** What was found already, and need not be made small again. */
  readonly #known = new Set<string>()

  /** `beforeEachRun` is called before anything that might never end. */
  constructor(target: FuzzTarget, seed: number, beforeEachRun: () => void = () => {}) {
    this.#target = target
    this.#seed = seed
    this.#beforeEachRun = beforeEachRun
  }

  /** The input with this number. */
  input(execution: number): Step[] {
    return this.#target.make(new Random(executionSeed(this.#seed, execution)))
  }

  /** Runs it; returns what was not found before. */
  execute(execution: number): Finding | undefined {
    const steps = this.input(execution)
    const problem = this.#run(steps)
    const kind = kindOf(problem)
    if (problem === undefined || kind === undefined || this.#known.has(kind)) return undefined
    this.#known.add(kind)
    const smallest = minimise(steps, (candidate) => kindOf(this.#run(candidate)) === kind)
    return this.finding(execution, this.#run(smallest) ?? problem, smallest)
  }

  finding(execution: number, problem: string, steps: readonly Step[]): Finding {
    return { target: this.#target.name, seed: this.#seed, execution, problem, steps: steps.map(formatStep) }
  }

  #run(steps: readonly Step[]): string | undefined {
    this.#beforeEachRun()
    return problemOf(this.#target, steps)
  }
}

/** What is wrong with how the target takes this input; undefined when nothing is. */
export function problemOf(target: FuzzTarget, steps: readonly Step[]): string | undefined {
  const before = process.cpuUsage()
  try {
    target.run(steps)
  } catch (error) {
    if (!(error instanceof Error)) return String(error)
    return error instanceof Violation ? error.message : String(error.stack)
  }
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1_000_000
  return seconds > target.cpuSeconds ? `too slow: ${seconds} s of CPU` : undefined
}

/** The problem without its figures, so that a smaller input is known to show the same. */
function kindOf(problem: string | undefined): string | undefined {
  return problem?.split('\n')[0]?.replaceAll(/[\d.]+/g, '0')
}
