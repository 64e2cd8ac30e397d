/**
 * Chance that comes out the same for the same seed: the generator "small fast counting" of 32 bits (Doty-Humphrey's PractRand).
 * Each part of a simulation has a stream of its own, so that what one draws does not shift the others.
 */
export class Random {
  #seed
  #a
  #b
  #c
  #counter = 1

  /** @param {string | number} seed */
  constructor(seed) {
    this.#seed = String(seed)
    this.#a = hash(`${this.#seed}/a`)
    this.#b = hash(`${this.#seed}/b`)
    this.#c = hash(`${this.#seed}/c`)
    for (let round = 0; round < 12; round += 1) this.next()
  }

  /** @param {string | number} name */
  stream(name) {
    return new Random(`${this.#seed}/${name}`)
  }

  /** From 0 up to 1. */
  next() {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }

  /** @param {number} mean */
  exponential(mean) {
    return -Math.log(1 - this.next()) * mean
  }

  /**
   * @param {number} median
   * @param {number} sigma of the logarithm; 0: always the median
   */
  lognormal(median, sigma) {
    if (sigma === 0) return median
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()))
  }
}

/**
 * FNV-1a.
 *
 * @param {string} text
 */
function hash(text) {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}
