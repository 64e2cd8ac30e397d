import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeCause } from '../logger.js'
import { Backend, type BackendClass } from './backend.js'

/**
 * Loads a backend from a module: its default export, or its only export that is a subclass of {@link Backend}.
 *
 * @param modulePath a path (absolute, or starting with `./` or `../`) from the working directory; or the name of a
 *   package that is installed there, or beside this one
 * @throws {TypeError} when the module can not be loaded, has no such export, or several
 */
export async function loadBackend(modulePath: string): Promise<BackendClass> {
  const module = await importModule(modulePath)
  if (isBackendClass(module['default'])) return module['default']
  const found = new Map<BackendClass, string>()
  for (const [name, value] of Object.entries(module)) if (isBackendClass(value)) found.set(value, name)
  const [only] = found.keys()
  if (only !== undefined && found.size === 1) return only
  throw new TypeError(
    only === undefined
      ? `${modulePath} exports no subclass of Backend; export one as the default`
      : `${modulePath} exports several backends (${[...found.values()].join(', ')}); export one as the default`,
  )
}

export function isBackendClass(value: unknown): value is BackendClass {
  return typeof value === 'function' && value.prototype instanceof Backend
}

async function importModule(modulePath: string): Promise<Record<string, unknown>> {
  if (typeof modulePath !== 'string' || modulePath === '') {
    throw new TypeError('loadBackend takes the path of a module, or the name of a package')
  }
  try {
    // What a module exports is unknown.
    return (await import(specifierOf(modulePath))) as Record<string, unknown>
  } catch (cause) {
    throw new TypeError(`the backend ${modulePath} can not be loaded: ${describeCause(cause)}`, { cause })
  }
}

function specifierOf(modulePath: string): string {
  const isPath = /^\.{0,2}[/\\]|^[A-Za-z]:[/\\]/.test(modulePath)
  if (isPath) return pathToFileURL(resolve(modulePath)).href
  try {
    // An import looks beside this file, which is far from the caller's packages when the library is installed globally.
    const fromHere = createRequire(join(process.cwd(), 'package.json'))
    return pathToFileURL(fromHere.resolve(modulePath)).href
  } catch {
    return modulePath
  }
}
