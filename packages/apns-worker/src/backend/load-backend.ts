import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Backend, type BackendClass } from './backend.js'

/**
 * Loads a backend from a module: its default export, or its only export that is a subclass of {@link Backend}.
 *
 * @param modulePath a package's name, or a path (absolute, or starting with `./` or `../`) from the working directory
 * @throws {TypeError} when the module has no such export, or several
 */
export async function loadBackend(modulePath: string): Promise<BackendClass> {
  const isPath = /^\.{0,2}[/\\]|^[A-Za-z]:[/\\]/.test(modulePath)
  const specifier = isPath ? pathToFileURL(resolve(modulePath)).href : modulePath
  const module: Record<string, unknown> = await import(specifier)
  if (isBackendClass(module['default'])) return module['default']
  const found = Object.entries(module).filter((entry): entry is [string, BackendClass] =>
    isBackendClass(entry[1]),
  )
  const [only] = found
  if (only !== undefined && found.length === 1) return only[1]
  throw new TypeError(
    found.length === 0
      ? `${modulePath} exports no subclass of Backend; export one as the default`
      : `${modulePath} exports several backends (${found.map(([name]) => name).join(', ')}); export one as the default`,
  )
}

export function isBackendClass(value: unknown): value is BackendClass {
  return typeof value === 'function' && value.prototype instanceof Backend
}
