/** Where a setting was written. */
export type Place =
  | { readonly file: string; readonly line: number; readonly column: number }
  | { readonly variable: string }

/** What was written, wherever it was: the settings before anything is known about them. */
export type SourceNode = SourceScalar | SourceList | SourceMap

export interface SourceScalar {
  readonly kind: 'scalar'
  /** As YAML has it; from a variable, always text. */
  readonly value: string | number | boolean | null
  /** As it was written, so that a key id of digits only stays what it is. */
  readonly text: string
  readonly place: Place
}

export interface SourceList {
  readonly kind: 'list'
  readonly items: SourceNode[]
  readonly place: Place
}

export interface SourceMap {
  readonly kind: 'map'
  readonly entries: Map<string, SourceEntry>
  readonly place: Place
}

export interface SourceEntry {
  /** Where the key is. */
  readonly place: Place
  readonly node: SourceNode
}

/** The keys and indices that lead to a setting. */
export type SettingPath = readonly (string | number)[]

/** Such as `apps[0].keyPath`. */
export function pathText(path: SettingPath): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('')
}

/** Whether it is from a variable, where everything is text. */
export function isFromVariable(node: SourceNode): boolean {
  return 'variable' in node.place
}

/** The setting that may be given in the other's place: a content, and the path of a file with it. */
export function twinOf(key: string): string {
  return key.endsWith('Path') ? key.slice(0, -'Path'.length) : `${key}Path`
}
