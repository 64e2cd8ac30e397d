import { readFile } from 'node:fs/promises'
import type { SimulatorOptions } from './options.js'
import { SCRIPT_FIELDS } from './schema/options-shape.js'
import { OptionError, object, type Shape } from './schema/shape.js'

/** The options that a file can hold. */
export type Script = Omit<
  SimulatorOptions,
  'now' | 'onNotification' | 'onChannelRequest' | 'record' | 'gateway'
>

const SCRIPT: Shape<Script> = object<Script>(SCRIPT_FIELDS)

/**
 * Reads a script, YAML or JSON: `startSimulator(await loadScript('chaos.yaml'))`. Rejects with an error that names the file
 * and, for what makes no sense in it, the place there and what is allowed.
 */
export async function loadScript(file: string): Promise<Script> {
  try {
    return await parseScript(await readFile(file, 'utf8'))
  } catch (error) {
    if (error instanceof OptionError) throw new OptionError(error.path, error.problem, file)
    throw new TypeError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** The same for the text of a script. */
export async function parseScript(text: string): Promise<Script> {
  // Not before it is needed: most tests start a simulator without any script.
  const { parse, YAMLParseError } = await import('yaml')
  try {
    // An empty file is a script that says nothing.
    return SCRIPT.read((parse(text) as unknown) ?? {}, '')
  } catch (error) {
    if (error instanceof YAMLParseError) throw new OptionError('', `no YAML: ${error.message.trimEnd()}`)
    throw error
  }
}
