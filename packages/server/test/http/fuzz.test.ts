import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Attempt, attempt, bytesOf } from './support/odd-requests.js'
import { RawConnection } from './support/raw-http.js'
import { type Answer, TestApi } from './support/test-api.js'

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1000)

test(
  `whatever is sent is answered with success or a problem of the caller's, and the books agree (seed ${SEED})`,
  { timeout: 120_000 },
  () =>
    TestApi.with({ limits: { bodyBytes: 20_000, requestTimeoutMs: 150 } }, async (api) => {
      const port = await api.listen()
      const document = await api.document()
      const books = new Map<string, number>()
      const statuses = new Map<number, number>()
      let message = await api.send({ tokens: undefined })
      books.set(message, 0)

      const note = ({ target, method }: Attempt, answer: Answer | undefined): void => {
        if (answer === undefined) return
        const { status, json } = answer
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        assert.ok(status >= 200 && status < 500, `${status}: ${answer.text}`)
        if (method === 'HEAD') return
        if (status >= 400 || json !== undefined) document.check(method, target, answer)
        const [where = ''] = target.split('?')
        // One that was removed, and whose key is used again, stays removed.
        const isNew = answer.headers['idempotency-replayed'] === undefined
        if (where === '/v1/messages' && method === 'POST' && status < 300 && isNew) {
          books.set(json.id, json.total ?? 0)
          if (json.total === undefined) message = json.id
        }
        const id = /^\/v1\/messages\/([0-9a-f-]{36})\/tokens$/.exec(where)?.[1]
        if (id !== undefined && json?.total !== undefined) books.set(id, json.total)
        if (id === undefined && method === 'DELETE' && status === 204) {
          const single = /^\/v1\/messages\/([0-9a-f-]{36})$/.exec(where)?.[1]
          if (single === undefined) books.clear()
          else books.delete(single)
        }
      }

      await fc.assert(
        fc.asyncProperty(attempt, async (given) => {
          if (!books.has(message)) {
            message = await api.send({ tokens: undefined })
            books.set(message, 0)
          }
          const made = { ...given, target: given.target.replace('{message}', message) }
          const connection = await RawConnection.open(port)
          const bytes = bytesOf(made)
          connection.write(given.cut === undefined ? bytes : bytes.subarray(0, given.cut))
          const answer = await connection.answer(made.method === 'HEAD')
          await connection.end()
          note(made, answer)
          // What was cut off may have been stored as far as it came.
          if (given.cut !== undefined && made.target.includes('/tokens') && books.has(message)) {
            books.set(message, (await api.outbox.message(message)).total)
          }
        }),
        { seed: SEED, numRuns: RUNS, endOnFailure: true },
      )

      const stored = new Map<string, number>()
      for (let before: string | undefined; ; ) {
        const page = await api.outbox.messages({ before, limit: 1000 })
        for (const { id, total } of page) stored.set(id, total)
        before = page.at(-1)?.id
        if (page.length < 1000) break
      }
      assert.deepEqual(stored, books)
      assert.equal((await api.get('/v1/apps')).status, 200)
      for (const status of [200, 202, 400, 404, 405, 415, 422]) {
        assert.ok((statuses.get(status) ?? 0) > 0, `never ${status}: ${JSON.stringify([...statuses])}`)
      }
    }),
)
