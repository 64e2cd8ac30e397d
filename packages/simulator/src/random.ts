import { hashText, spread } from './share.js'

/** 2^32 divided by the golden ratio: multiples of it are spread evenly. */
const STEP = 0x9e37_79b9

/**
 * A sequence of numbers that looks random and is always the same for the same seed. Not for secrets. A counter goes through
 * the mixer that places tokens for `share`, so any number of independent sequences costs a hash of their seed each.
 */
export class Random {
  readonly #start: number
  #count = 0

  constructor(seed: string) {
    this.#start = spread(hashText(seed))
  }

  /** From 0 (included) to 1. */
  next(): number {
    this.#count = (this.#count + 1) | 0
    return spread(spread(Math.imul(this.#count, STEP) ^ this.#start) + this.#start) / 2 ** 32
  }

  /** True in that share of cases. */
  chance(share: number): boolean {
    return this.next() < share
  }

  /** From `least` (included) to `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }

  /** Bell-shaped around 0 with a standard deviation of 1 (the method of Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return radius * Math.cos(2 * Math.PI * this.next())
  }

  /** One of them, each as often as its weight says. Throws when there is nothing to choose from. */
  pick<Choice extends { readonly weight: number }>(choices: readonly Choice[]): Choice {
    let left = this.next() * choices.reduce((sum, { weight }) => sum + weight, 0)
    const chosen = choices.find(({ weight }) => {
      left -= weight
      return left < 0
    })
    const picked = chosen ?? choices.at(-1)
    if (picked === undefined) throw new RangeError('pick: nothing to choose from')
    return picked
  }
}
