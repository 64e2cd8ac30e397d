import { MessageError } from '../message-error.js'

/** Apple's pages, by their titles: addresses change, and a title is found. */
export const PAGES = {
  request: 'Sending notification requests to APNs',
  payload: 'Generating a remote notification',
  background: 'Pushing background updates to your App',
  delivery: 'Viewing the status of push notifications using Metrics and APNs',
  liveActivity: 'Starting and updating Live Activities with ActivityKit push notifications',
  widgets: 'Updating widgets with WidgetKit push notifications',
  controls: 'Updating controls locally and remotely',
  tokens: 'Establishing a token-based connection to APNs',
  broadcast: 'Sending broadcast push notification requests to APNs',
} as const

/** Something that is wrong with a message, or that may surprise its sender. */
export interface Finding {
  /** `error`: it is refused, by us or by Apple, or does nothing on any device. `warning`: it may not do what was meant. */
  readonly severity: 'error' | 'warning'
  /** An option of the message, such as `topic`; or a path, such as `payload.aps.alert.loc-args[1]`. */
  readonly where: string
  readonly problem: string
  /** The title of the page of Apple's documentation that has the rule. */
  readonly page: string
}

/** Takes note of findings. */
export class Findings {
  readonly #all: Finding[] = []

  error(where: string, problem: string, page: string): void {
    this.#all.push({ severity: 'error', where, problem, page })
  }

  warn(where: string, problem: string, page: string): void {
    this.#all.push({ severity: 'warning', where, problem, page })
  }

  /** What a check gives; that it fails is an error to be found, and there is no value then. */
  attempt<T>(where: string, page: string, check: () => T): T | undefined {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      this.error(error.path ?? where, problemOf(error, where), page)
      return undefined
    }
  }

  /** Whether something was found there. */
  isAbout(where: string): boolean {
    return this.#all.some((finding) => finding.where === where)
  }

  /** Errors first; otherwise in the order in which they were found. */
  inOrder(): readonly Finding[] {
    const isError = ({ severity }: Finding): boolean => severity === 'error'
    return [...this.#all.filter(isError), ...this.#all.filter((finding) => !isError(finding))]
  }
}

/** The error's message without the place, which the finding has already. */
function problemOf({ message, path }: MessageError, where: string): string {
  const start = path === undefined ? `${where} ` : `${path}: `
  return message.startsWith(start) ? message.slice(start.length) : message
}
