import { pathToFileURL } from 'node:url'

const BUILT_LIBRARY = new URL('../packages/apns-worker/dist/index.js', import.meta.url).href

/**
 * @param {string} name of the option, without its dashes
 * @param {string} text
 * @param {{ least?: number, most?: number }} [range]
 */
export function number(name, text, { least = 0, most = Number.POSITIVE_INFINITY } = {}) {
  const value = Number(text)
  if (text.trim() !== '' && value >= least && value <= most) return value
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`
  throw new Error(`--${name} takes a number ${range}, not ${text}`)
}

/**
 * @param {string} name
 * @param {string} text
 */
export function positive(name, text) {
  const value = number(name, text)
  if (value === 0) throw new Error(`--${name} must be above 0`)
  return value
}

/**
 * @param {string} name
 * @param {string} text numbers with commas between them
 */
export function positives(name, text) {
  return text.split(',').map((each) => positive(name, each))
}

/**
 * @template {object} Choices
 * @param {string} name
 * @param {string} text
 * @param {Choices} choices whose keys may be named
 * @returns {keyof Choices}
 */
export function oneOf(name, text, choices) {
  if (!Object.hasOwn(choices, text))
    throw new Error(`--${name} is one of ${Object.keys(choices).join(', ')}, not ${text}`)
  return /** @type {keyof Choices} */ (text)
}

/**
 * The library to measure, as a file URL.
 *
 * @param {string | undefined} file the one that was built here, unless another is given
 */
export function libraryUrl(file) {
  return file === undefined ? BUILT_LIBRARY : pathToFileURL(file).href
}
