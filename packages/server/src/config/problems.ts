import { type Place, pathText, type SettingPath } from './source-tree.js'

/** One thing that is wrong with the configuration. Neither text nor path ever holds a secret. */
export interface ConfigProblem {
  /** Such as `apps[0].keyPath`; empty for what is about the whole. */
  readonly path: string
  /** What was found, and what to write instead; it begins with the path. */
  readonly message: string
  /** The file with its line and column, or the environment variable; undefined for what is nowhere. */
  readonly place: Place | undefined
}

/** The configuration can not be used; `message` has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'CONFIG_INVALID'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(problemText).join('\n'))
    this.problems = problems
  }
}

/** A problem in one line, as compilers write theirs: `worker.yaml:3:11: listen is …`. */
export function problemText({ place, message }: ConfigProblem): string {
  if (place === undefined) return message
  if ('variable' in place) return `${place.variable}: ${message}`
  return `${place.file}:${place.line}:${place.column}: ${message}`
}

/** More than anybody mends at a time. */
const MAX_PROBLEMS = 100

/** Collects what is wrong, so that all of it can be said at once. */
export class Problems {
  readonly #found: ConfigProblem[] = []
  readonly #places = new Map<string, Place>()

  get isEmpty(): boolean {
    return this.#found.length === 0
  }

  /** Remembers where a setting was written. */
  locate(path: SettingPath, place: Place): void {
    this.#places.set(pathText(path), place)
  }

  /**
   * @param text what follows the path in the message, such as `is 0; give 1 or more`
   * @param place default: where the setting was written, or else what it would be in
   */
  add(path: SettingPath, text: string, place: Place | undefined = this.#placeOf(path)): void {
    if (this.#found.length >= MAX_PROBLEMS) return
    const where = pathText(path)
    this.#found.push({ path: where, message: joined(where, text), place })
  }

  /** Whether there is one with a setting, or with something in it. */
  has(path: SettingPath): boolean {
    const where = pathText(path)
    return this.#found.some(
      (problem) =>
        problem.path === where ||
        problem.path.startsWith(`${where}.`) ||
        problem.path.startsWith(`${where}[`),
    )
  }

  /**
   * @throws {ConfigError} if there are any
   */
  throwIfAny(): void {
    if (!this.isEmpty) throw new ConfigError(this.#found)
  }

  #placeOf(path: SettingPath): Place | undefined {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(pathText(path.slice(0, length)))
      if (place !== undefined) return place
    }
    return undefined
  }
}

function joined(where: string, text: string): string {
  if (where === '') return text
  return text.startsWith(':') ? where + text : `${where} ${text}`
}
