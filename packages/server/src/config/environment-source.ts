import { didYouMean } from './did-you-mean.js'
import type { Problems } from './problems.js'
import { opened } from './read-shape.js'
import { isScalarShape, type Shape } from './shape.js'
import {
  isFromVariable,
  type SettingPath,
  type SourceMap,
  type SourceNode,
  type SourceScalar,
  twinOf,
} from './source-tree.js'

export type Variables = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => Buffer

export const PREFIX = 'APNS_WORKER_'
/** Names the configuration file itself. */
export const CONFIG_VARIABLE: string = `${PREFIX}CONFIG`
/** With which commands find a running server: no settings of it. */
const CLIENT_VARIABLES: ReadonlySet<string> = new Set(
  ['SERVER', 'API_KEY', 'API_KEY_PATH', 'CA_PATH'].map((name) => PREFIX + name),
)
/** What Kubernetes puts into the environment of every container for a service whose name begins with apns-worker. */
const KUBERNETES =
  /^APNS_WORKER_(?:\w+_)?(?:SERVICE_HOST$|SERVICE_PORT(?:_|$)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$))/
/** Of these there are settings, too, which are numbers. */
const KUBERNETES_PORT = /_PORT=(?:tcp|udp|sctp):\/\//
const FILE_SUFFIX = '_FILE'

/** `requestTimeout` is `REQUEST_TIMEOUT` in a variable. */
export function variableName(path: SettingPath): string {
  return PREFIX + path.map((step) => (typeof step === 'number' ? String(step) : capitals(step))).join('_')
}

function capitals(key: string): string {
  return key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()
}

/** Puts what the variables say in the place of what the file says. Empty ones count as not given. */
export function applyVariables(
  variables: Variables,
  {
    shape,
    tree,
    readFile,
    problems,
  }: {
    readonly shape: Shape
    readonly tree: SourceMap
    readonly readFile: ReadFile
    readonly problems: Problems
  },
): void {
  const given = Object.keys(variables)
    .filter((name) => name.startsWith(PREFIX) && name !== CONFIG_VARIABLE && !CLIENT_VARIABLES.has(name))
    .filter((name) => !KUBERNETES.test(name) && !KUBERNETES_PORT.test(`${name}=${variables[name]}`))
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
  for (const name of given) {
    const value = variables[name]
    if (value === undefined || value === '') continue
    const setting = settingOf(shape, name)
    const place = { variable: name }
    if (setting === undefined) {
      problems.add([], unknownVariable(shape, name), place)
      continue
    }
    const text = setting.isFile ? contentOf(value, name, readFile, problems) : value
    if (text === undefined) continue
    const scalar: SourceScalar = { kind: 'scalar', value: text, text, place }
    const misplaced = put(tree, shape, setting.path, scalar)
    if (misplaced !== undefined) problems.add([], misplaced, place)
  }
}

interface Setting {
  readonly path: SettingPath
  /** Whether the variable names a file that holds the value. */
  readonly isFile: boolean
}

function settingOf(shape: Shape, name: string): Setting | undefined {
  const rest = name.slice(PREFIX.length)
  const path = pathOf(shape, rest)
  if (path !== undefined) return { path, isFile: false }
  if (!rest.endsWith(FILE_SUFFIX)) return undefined
  const bare = rest.slice(0, -FILE_SUFFIX.length)
  // A key that has a path as its twin is read from there, where bytes stay bytes.
  const twin = pathOf(shape, `${bare}_PATH`)
  const own = pathOf(shape, bare)
  if (own === undefined) return undefined
  return twin === undefined ? { path: own, isFile: true } : { path: twin, isFile: false }
}

/** The setting that the rest of a variable's name stands for. */
function pathOf(shape: Shape, rest: string): SettingPath | undefined {
  if (rest === '' && (isScalarShape(shape) || shape.short !== undefined)) return []
  if (rest === '' && shape.items !== undefined && isScalarShape(shape.items)) return []
  for (const member of shape.anyOf ?? []) {
    const path = pathOf(member, rest)
    if (path !== undefined) return path
  }
  if (shape.items !== undefined) {
    const [, index, inner = ''] = /^(0|[1-9]\d{0,4})(?:_(.+))?$/.exec(rest) ?? []
    const path = index === undefined ? undefined : pathOf(shape.items, inner)
    return path && [Number(index), ...path]
  }
  for (const [key, each] of Object.entries(shape.properties ?? {})) {
    const name = capitals(key)
    if (rest !== name && !rest.startsWith(`${name}_`)) continue
    const path = pathOf(each, rest.slice(name.length + 1))
    if (path !== undefined) return [key, ...path]
  }
  return undefined
}

function contentOf(path: string, name: string, readFile: ReadFile, problems: Problems): string | undefined {
  try {
    return readFile(path).toString('utf8').trim()
  } catch (cause) {
    problems.add([], `the file that it names cannot be read (${errorCode(cause)})`, { variable: name })
    return undefined
  }
}

export function errorCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}

/**
 * Puts a value where its path leads, into what is there already.
 *
 * @returns what is wrong with its place
 */
function put(node: SourceNode, shape: Shape, path: SettingPath, scalar: SourceScalar): string | undefined {
  const [step, ...rest] = path
  if (step === undefined) return undefined
  const inner = within(shape, step)
  const child = (present: SourceNode | undefined): SourceNode =>
    rest.length === 0 ? scalar : container(inner, present, rest[0], scalar)
  if (typeof step === 'number') {
    if (node.kind !== 'list') return 'it is for an entry of what is no list in the file'
    const { items } = node
    if (step > items.length)
      return `there ${items.length === 1 ? 'is 1 entry' : `are ${items.length} entries`} before it; they are counted from 0, and none is left out`
    const item = child(items[step])
    items[step] = item
    return put(item, inner, rest, scalar)
  }
  if (node.kind !== 'map') return undefined
  const twin = node.entries.get(twinOf(step))?.node
  // Two variables that say different things are a mistake, and stay to be found as one.
  if (rest.length === 0 && twin !== undefined && !isFromVariable(twin)) node.entries.delete(twinOf(step))
  const value = child(node.entries.get(step)?.node)
  node.entries.set(step, { place: scalar.place, node: value })
  return put(value, inner, rest, scalar)
}

/** What a setting is put into: what is there, if it can hold it, or a new one. */
function container(
  shape: Shape,
  present: SourceNode | undefined,
  step: string | number | undefined,
  { place }: SourceScalar,
): SourceNode {
  if (typeof step === 'number') return present ?? { kind: 'list', items: [], place }
  if (present?.kind === 'map') return present
  if (present?.kind === 'scalar' && shape.short !== undefined) return opened(present, shape.short)
  return { kind: 'map', entries: new Map(), place }
}

function within(shape: Shape, step: string | number): Shape {
  if (typeof step === 'number') return shape.items ?? {}
  const member = shape.anyOf?.find(({ properties }) => properties !== undefined) ?? shape
  return member.properties?.[step] ?? {}
}

function unknownVariable(shape: Shape, name: string): string {
  const meant = didYouMean(name.slice(PREFIX.length).replaceAll(/_\d+_/g, '_0_'), namesIn(shape))
  const hint = meant === undefined ? '' : `; did you mean ${PREFIX}${meant}?`
  return `there is no setting for this variable${hint}`
}

/** The names of all variables without their prefix; those of a list for its first entry. */
function namesIn(shape: Shape): string[] {
  const inner = Object.entries(shape.properties ?? {}).flatMap(([key, each]) => joined(capitals(key), each))
  const items = shape.items === undefined || isScalarShape(shape.items) ? [] : joined('0', shape.items)
  return [...inner, ...items, ...(shape.anyOf ?? []).flatMap(namesIn)]
}

function joined(name: string, shape: Shape): string[] {
  return [name, ...namesIn(shape).map((inner) => `${name}_${inner}`)]
}
