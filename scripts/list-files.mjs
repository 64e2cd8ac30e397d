import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * @param {string} directory
 * @returns {string[]} the files in and below it, relative to it, sorted; none when there is no such directory
 */
export function listFiles(directory) {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(relative(directory, entry.parentPath), entry.name))
    .sort()
}
