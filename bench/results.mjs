import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describeMachine, machineLines } from './machine.mjs'

/** Where results, and profiles, are written. */
export const RESULTS = fileURLToPath(new URL('results/', import.meta.url))

/**
 * What an experiment writes: its figures, and where and with what they were made.
 *
 * @typedef {object} ResultFile
 * @property {string} experiment
 * @property {string} at
 * @property {any} options
 * @property {ReturnType<typeof describeMachine>} machine
 * @property {any} results
 */

/**
 * Prints the results for people and writes them for programs.
 *
 * @param {string} experiment
 * @param {object} options
 * @param {object} results
 * @param {string} text the same as a table
 */
export function publish(experiment, options, results, text) {
  const at = new Date().toISOString()
  const machine = describeMachine()
  const file = `${RESULTS}${experiment}-${at.replaceAll(':', '-')}.json`
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(file, `${JSON.stringify({ experiment, at, options, machine, results }, null, 2)}\n`)
  console.log(['', text, '', ...machineLines(machine), `written to ${file}`].join('\n'))
}

/**
 * @param {string} experiment
 * @returns {string} the file that it wrote last
 */
export function latestFile(experiment) {
  mkdirSync(RESULTS, { recursive: true })
  const name = readdirSync(RESULTS)
    .filter((file) => file.startsWith(`${experiment}-`) && file.endsWith('.json'))
    .sort()
    .at(-1)
  if (name === undefined)
    throw new Error(`no results of ${experiment} yet: run node bench/run.mjs ${experiment}`)
  return `${RESULTS}${name}`
}
