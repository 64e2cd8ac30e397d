import { STREAM_LIMIT } from './sink-settings.mjs'

/**
 * How the stream limit of a connection follows its answers. Apple lowers it when requests are refused, except with 410,
 * and restores it with the next success; in 2016 it was seen to fall to 1 at once.
 *
 * @typedef {keyof typeof LOWERED} GovernorMode
 */

/** The limit after a refusal, by the limit before. */
export const LOWERED = {
  off: (/** @type {number} */ limit) => limit,
  one: () => 1,
  half: (/** @type {number} */ limit) => Math.max(1, Math.floor(limit / 2)),
}

/** One connection's governor. */
export class Governor {
  /** @type {GovernorMode} */
  #mode
  #limit = STREAM_LIMIT

  /** @param {GovernorMode} mode */
  constructor(mode) {
    this.#mode = mode
  }

  /** @returns {number | undefined} the new limit, if the answer changes it */
  accepted() {
    return this.#change(STREAM_LIMIT)
  }

  /** @returns {number | undefined} the new limit, if the answer changes it */
  refused() {
    return this.#change(LOWERED[this.#mode](this.#limit))
  }

  /** @param {number} limit */
  #change(limit) {
    if (limit === this.#limit) return undefined
    this.#limit = limit
    return limit
  }
}
