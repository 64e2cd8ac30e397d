import { ACCEPTED, BAD_DEVICE_TOKEN, UNREGISTERED } from './sink-answers.mjs'

/**
 * What refused requests are answered with, by a number that is as good as random.
 *
 * @typedef {keyof typeof REFUSALS} RefusedWith
 */
export const REFUSALS = {
  400: () => BAD_DEVICE_TOKEN,
  410: () => UNREGISTERED,
  both: (/** @type {number} */ random) => (random & 1 ? BAD_DEVICE_TOKEN : UNREGISTERED),
}

/**
 * Which answer a stream gets: no pattern is to be seen in it, and it is the same in each run.
 *
 * @param {number} streamId
 * @param {number} refusedShare 0 to 1
 * @param {RefusedWith} refusedWith
 */
export function chooseAnswer(streamId, refusedShare, refusedWith) {
  if (refusedShare === 0) return ACCEPTED
  const random = scramble(streamId)
  return random < refusedShare * 2 ** 32 ? REFUSALS[refusedWith](random) : ACCEPTED
}

/**
 * A number of 32 bits for each stream. (The last steps of MurmurHash3, with its constants.)
 *
 * @param {number} streamId
 */
function scramble(streamId) {
  let bits = streamId
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
