import { ACCEPTED, BAD_DEVICE_TOKEN, UNREGISTERED } from './sink-answers.mjs'

/**
 * What refused requests are answered with, by a number that is as good as random.
 *
 * @typedef {keyof typeof REFUSALS} RefusedWith
 */
export const REFUSALS = {
  BadDeviceToken: () => BAD_DEVICE_TOKEN,
  Unregistered: () => UNREGISTERED,
  both: (/** @type {number} */ random) => (random & 1 ? BAD_DEVICE_TOKEN : UNREGISTERED),
}

/** How the path of a request for a dead token begins, in the experiments that want to say which tokens are dead. */
const DEAD_PATH = Buffer.from('/3/device/dead', 'latin1')

/**
 * Which answer a stream gets: a refusal if its token is dead, and otherwise by chance; no pattern is to be seen in that,
 * and it is the same in each run.
 *
 * @param {number} streamId
 * @param {boolean} isDead
 * @param {Pick<import('./sink-connection.mjs').SinkOptions, 'refusedShare' | 'refusedWith'>} options
 */
export function chooseAnswer(streamId, isDead, { refusedShare, refusedWith }) {
  if (refusedShare === 0 && !isDead) return ACCEPTED
  const random = scramble(streamId)
  return isDead || random < refusedShare * 2 ** 32 ? REFUSALS[refusedWith](random) : ACCEPTED
}

/**
 * Whether a header block is of a request for a dead token. It is searched, not decoded: that works for paths that are not
 * Huffman-coded, as ours are not.
 *
 * @param {Buffer} block
 */
export function isForDeadToken(block) {
  return block.includes(DEAD_PATH)
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
