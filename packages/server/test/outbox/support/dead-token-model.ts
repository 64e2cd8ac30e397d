import type { NewMessage, TokenEntry } from '@apns-worker/server'

/** A message as the model has it: one batch. */
export interface ModelMessage {
  readonly app: string
  readonly isIgnoring: boolean
  readonly tokens: readonly string[]
  /** By index; undefined for a token without an outcome. */
  readonly outcomes: (string | undefined)[]
  isInDoubt: boolean
  isLeased: boolean
}

/** What the contract `DeadTokens` says, in the plainest form: nothing is stored, and everything is searched. */
export class DeadTokenModel {
  readonly log: {
    position: number
    app: string
    token: string
    timestampMs: number
    recordedAtMs: number
  }[] = []
  /** Since when a token is dead, by app and token. */
  readonly list = new Map<string, number>()
  readonly messages = new Map<string, ModelMessage>()
  #position = 0

  append(id: string, message: NewMessage, entries: readonly TokenEntry[]): void {
    const tokens = entries.map((entry) => (typeof entry === 'string' ? entry : entry.token))
    for (const entry of entries) {
      const own = typeof entry === 'string' ? undefined : entry.registeredAtMs
      const registeredAtMs = own ?? message.registeredAtMs
      const token = typeof entry === 'string' ? entry : entry.token
      if (registeredAtMs !== undefined) this.register(message.app, [token], registeredAtMs)
    }
    const { app, suppression } = message
    const outcomes = tokens.map(() => undefined)
    const isIgnoring = suppression === 'ignore'
    this.messages.set(id, { app, isIgnoring, tokens, outcomes, isInDoubt: false, isLeased: false })
  }

  /** Claims everything. @returns the indices that are handed out, by message */
  claim(): Map<string, number[]> {
    const claimed = new Map<string, number[]>()
    for (const [id, message] of this.messages) {
      if (message.isLeased) continue
      const pending: number[] = []
      for (const [index, token] of message.tokens.entries()) {
        if (message.outcomes[index] !== undefined) continue
        const isDead = this.list.has(key(message.app, token)) && !message.isIgnoring
        if (isDead) message.outcomes[index] = message.isInDoubt ? 'unknown' : 'suppressed'
        else pending.push(index)
      }
      if (pending.length === 0) continue
      message.isLeased = true
      claimed.set(id, pending)
    }
    return claimed
  }

  bury(id: string, index: number, timestampMs: number | undefined, nowMs: number): void {
    const message = this.messages.get(id)
    const token = message?.tokens[index]
    if (message === undefined || token === undefined || message.outcomes[index] !== undefined) return
    message.outcomes[index] = 'refused'
    const moment = timestampMs ?? nowMs
    const before = this.list.get(key(message.app, token))
    if (before !== undefined && before >= moment) return
    this.list.set(key(message.app, token), moment)
    const { app } = message
    this.log.push({ position: ++this.#position, app, token, timestampMs: moment, recordedAtMs: nowMs })
  }

  register(app: string, tokens: readonly string[], registeredAtMs: number | undefined): number {
    return tokens.filter((token) => {
      const since = this.list.get(key(app, token))
      if (since === undefined || (registeredAtMs !== undefined && registeredAtMs <= since)) return false
      return this.list.delete(key(app, token))
    }).length
  }

  forget(beforeMs: number): void {
    const kept = this.log.filter(({ recordedAtMs }) => recordedAtMs > beforeMs)
    this.log.splice(0, this.log.length, ...kept)
  }

  suppressed(app: string): string[] {
    const prefix = key(app, '')
    return [...this.list.keys()]
      .filter((each) => each.startsWith(prefix))
      .map((each) => each.slice(prefix.length))
  }
}

function key(app: string, token: string): string {
  return `${app}/${token}`
}
