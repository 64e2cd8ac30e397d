import assert from 'node:assert/strict'
import type { ClientRequest } from 'node:http'
import type { ServerProcess } from './server-process.js'
import { type Answer, answerTo } from './socket-api.js'

const CHUNK_LINES = 250
const PAYLOAD = { aps: { alert: 'hello' } }

/** A client that does what the API asks of one: it repeats what was not answered, and goes on from where the server says. */
export class PersistentClient {
  readonly #server: ServerProcess
  readonly #app: string
  readonly #random: () => number

  constructor(server: ServerProcess, app: string, random: () => number) {
    this.#server = server
    this.#app = app
    this.#random = random
  }

  /**
   * Sends to these, or opens a message where there are none, with an idempotency key, and repeats that until it is answered;
   * then once more, since an answer may be lost as well.
   *
   * @param killWithinMs the server is killed so soon after each of the first `kills` requests
   * @returns the message's id
   */
  async message(
    key: string,
    tokens: readonly string[] | undefined,
    { kills, killWithinMs }: { readonly kills: number; readonly killWithinMs: number },
  ): Promise<string> {
    const ids = new Set<unknown>()
    let unanswered = 0
    const ask = (): Promise<Answer> =>
      this.#server.api.post(
        '/v1/messages',
        { app: this.#app, payload: PAYLOAD, ...(tokens === undefined ? {} : { tokens }) },
        { 'idempotency-key': key },
      )
    for (let left = kills; left > 0; left--) {
      const asked = ask().catch(() => undefined)
      await this.#killWithin(killWithinMs)
      const answer = await asked
      if (answer === undefined) unanswered++
      else ids.add(this.#idOf(answer))
    }
    for (let times = 0; times < 2; times++) ids.add(this.#idOf(await ask()))
    assert.equal(ids.size, 1, `one key, one message; ${unanswered} answers were lost`)
    return String([...ids][0])
  }

  /** Streams tokens to an open message, while the server is killed so often. */
  async upload(id: string, tokens: readonly string[], kills: number): Promise<void> {
    let known = 0
    for (let left = kills; left > 0; left--) {
      const room = tokens.length - known
      // Somewhere in what is left, so that each kill has something to interrupt.
      const upTo = known + Math.floor((room * this.#random()) / (left + 1))
      const asked = this.#beginList(id, known)
      const answered = answerTo(asked).catch(() => undefined)
      await write(asked, tokens.slice(known, upTo))
      await this.#killWithin(10)
      assert.equal(await answered, undefined, 'it was killed before the list was complete')
      const total = await this.total(id)
      assert.ok(total >= known && total <= upTo, `${total} are stored, of ${known} to ${upTo}`)
      known = total
    }
    const asked = this.#beginList(id, known)
    const answered = answerTo(asked)
    await write(asked, tokens.slice(known))
    asked.end()
    assert.deepEqual(await answered, { status: 202, body: { total: tokens.length } })
  }

  async send(id: string): Promise<void> {
    for (let times = 0; times < 2; times++) {
      assert.equal((await this.#server.api.post(`/v1/messages/${id}/send`)).status, 202)
    }
  }

  async total(id: string): Promise<number> {
    const { counts } = await this.report(id)
    return counts.total
  }

  async report(id: string): Promise<{
    readonly state: string
    readonly counts: Readonly<Record<string, number>> & { readonly total: number }
    readonly reasons: Readonly<Record<string, number>>
  }> {
    const { status, body } = await this.#server.api.get(`/v1/messages/${id}`)
    assert.equal(status, 200)
    // As the API's document has it.
    return body as unknown as Awaited<ReturnType<PersistentClient['report']>>
  }

  #beginList(id: string, offset: number): ClientRequest {
    return this.#server.api.begin('POST', `/v1/messages/${id}/tokens?offset=${offset}`, {
      'content-type': 'text/plain',
    })
  }

  async #killWithin(milliseconds: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random() * milliseconds))
    await this.#server.killAndRestart()
  }

  #idOf({ status, body }: Answer): unknown {
    assert.ok(status >= 200 && status < 300, JSON.stringify(body))
    return body['id']
  }
}

async function write(
  asked: { write(text: string): boolean; once(event: 'drain', listener: () => void): unknown },
  tokens: readonly string[],
): Promise<void> {
  for (let from = 0; from < tokens.length; from += CHUNK_LINES) {
    const lines = tokens.slice(from, from + CHUNK_LINES).map((token) => `${token}\n`)
    if (!asked.write(lines.join(''))) await new Promise<void>((resolve) => asked.once('drain', resolve))
  }
}
