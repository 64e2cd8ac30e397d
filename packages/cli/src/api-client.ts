/** Asks a server's API over HTTP. */
export class ApiClient {
  readonly #address: string
  readonly #key: string

  constructor(address: string, key: string) {
    this.#address = address
    this.#key = key
  }

  get(path: string): Promise<Record<string, unknown>> {
    return this.#ask(path, {})
  }

  post(path: string, body: unknown): Promise<Record<string, unknown>> {
    return this.#ask(path, { method: 'POST', body: JSON.stringify(body) })
  }

  async #ask(path: string, init: RequestInit): Promise<Record<string, unknown>> {
    const authorization = `Bearer ${this.#key}`
    const headers =
      init.body === undefined ? { authorization } : { authorization, 'content-type': 'application/json' }
    const response = await fetch(this.#address + path, { ...init, headers })
    // The API answers with objects, problems included.
    const body = (await response.json()) as Record<string, unknown>
    if (!response.ok)
      throw new Error(`${path}: ${response.status} ${String(body['detail'] ?? body['title'])}`)
    return body
  }
}
