import { spawn } from 'node:child_process'

/**
 * Runs a program to its end, with this terminal as its own.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit code; 128 + n when signal n ended it, as a shell counts
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    // Ctrl-C reaches the whole process group: the child decides how to end, and we report how it did.
    const ignore = () => {}
    const pass = () => child.kill('SIGTERM')
    process.on('SIGINT', ignore)
    process.on('SIGTERM', pass)
    const done = () => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass)
    }
    child.once('error', (error) => {
      done()
      reject(error)
    })
    child.once('close', (code, signal) => {
      done()
      resolve(code ?? 128 + (signals[signal ?? ''] ?? 0))
    })
  })
}

/** @type {Record<string, number>} */
const signals = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/**
 * Runs Node itself on a file.
 *
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export const runNode = (args, options) => runCommand(process.execPath, args, options)
