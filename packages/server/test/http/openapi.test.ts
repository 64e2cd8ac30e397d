import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestApi } from './support/test-api.js'

const PROBLEM = { $ref: '#/components/schemas/Problem' }

test('the document is OpenAPI 3.1, and has every route with its errors', () =>
  TestApi.with({}, async (api) => {
    const { json } = await api.get('/v1/openapi.json')
    assert.equal(json.openapi, '3.1.0')
    assert.deepEqual(Object.keys(json.components.schemas), ['Problem'])
    const routes = Object.entries((await api.document()).paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
    )
    assert.deepEqual(routes.map(({ route }) => route).toSorted(), [
      'delete /v1/apps/{app}/channels/{id}',
      'delete /v1/apps/{app}/messages',
      'delete /v1/messages',
      'delete /v1/messages/{id}',
      'get /v1/apps',
      'get /v1/apps/{app}/channels',
      'get /v1/apps/{app}/channels/{id}',
      'get /v1/apps/{app}/suppressions',
      'get /v1/messages',
      'get /v1/messages/{id}',
      'get /v1/messages/{id}/outcomes',
      'get /v1/problems/{code}',
      'post /v1/apps/{app}/cancel',
      'post /v1/apps/{app}/channels',
      'post /v1/apps/{app}/pause',
      'post /v1/apps/{app}/registrations',
      'post /v1/apps/{app}/resume',
      'post /v1/broadcasts',
      'post /v1/cancel',
      'post /v1/explain',
      'post /v1/messages',
      'post /v1/messages/{id}/cancel',
      'post /v1/messages/{id}/pause',
      'post /v1/messages/{id}/resume',
      'post /v1/messages/{id}/send',
      'post /v1/messages/{id}/tokens',
      'post /v1/pause',
      'post /v1/resume',
    ])
    const bodyOf = (path: string): string[] => Object.keys(json.paths[path].post.requestBody.content)
    assert.deepEqual(bodyOf('/v1/messages/{id}/tokens'), ['text/plain', 'text/csv'])
    assert.deepEqual(bodyOf('/v1/messages'), ['application/json'])
    const ids = routes.map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
    for (const { route, operation } of routes) {
      const { responses, security } = operation
      for (const status of [400, 401, 403, 408, 413, 415, 431, 500, 503]) {
        const { content } = responses[status] ?? {}
        assert.deepEqual(content?.['application/problem+json'], { schema: PROBLEM }, `${route}: ${status}`)
      }
      assert.ok(
        Object.keys(responses).some((status) => status.startsWith('2')),
        route,
      )
      assert.equal(security === undefined, route === 'get /v1/problems/{code}', route)
    }
  }))

test('a problem’s type leads to its explanation', () =>
  TestApi.with({}, async (api) => {
    const { json } = await api.get('/v1/nothing')
    const page = await api.get(json.type)
    assert.deepEqual(
      [page.json.code, page.json.status, page.json.title],
      [json.code, json.status, json.title],
    )
    assert.equal((await api.get('/v1/problems/TEAPOT')).status, 404)
    assert.equal((await api.get('/v1/problems/constructor')).status, 404)
  }))
