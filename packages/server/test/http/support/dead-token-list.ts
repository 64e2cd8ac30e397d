import type { DeadTokens } from '#src/outbox/dead-tokens.js'

/** A list of dead tokens in memory: what the API asks of one. */
export class DeadTokenList {
  readonly #dead = new Map<string, { readonly timestampMs: number; readonly reason: string }>()

  get methods(): DeadTokens {
    return {
      feedback: async () => ({ items: [], next: 0 }),
      suppressions: async ({ app, token, after = '', limit = 1000 }) => {
        const own = [...this.#dead].filter(([key]) => key.startsWith(`${app} `))
        const items = own
          .map(([key, dead]) => ({ token: key.slice(app.length + 1), ...dead }))
          .filter((item) => (token === undefined || item.token === token) && item.token > after)
          .toSorted((left, right) => (left.token < right.token ? -1 : 1))
        const page = items.slice(0, limit)
        return { items: page, next: items.length > limit ? page.at(-1)?.token : undefined }
      },
      register: async (app, tokens, registeredAtMs = Number.POSITIVE_INFINITY) => {
        let count = 0
        for (const token of tokens) {
          const key = `${app} ${token}`
          const dead = this.#dead.get(key)
          if (dead === undefined || dead.timestampMs >= registeredAtMs) continue
          this.#dead.delete(key)
          count++
        }
        return count
      },
    }
  }

  add(app: string, token: string, timestampMs: number): void {
    this.#dead.set(`${app} ${token}`, { timestampMs, reason: 'Unregistered' })
  }
}
