import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
  readonly security?: readonly unknown[]
}

/** What is looked at of an answer. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

const PROBLEM = '#/components/schemas/Problem'

/** The OpenAPI document, which every answer is held against. */
export class ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly #ajv: Ajv2020
  readonly #checks = new Map<string, ValidateFunction>()

  constructor(document: object) {
    this.paths = (document as { paths: ApiDocument['paths'] }).paths
    this.#ajv = new Ajv2020({ strict: false, allErrors: true })
    formats.default(this.#ajv)
    this.#ajv.addSchema(document, 'document')
  }

  /** Fails for an answer that is not as it is documented. */
  check(method: string, url: string, { status, headers, text }: Answer): void {
    const what = `${method} ${url}: ${status} ${text.slice(0, 300)}`
    const type = String(headers['content-type'] ?? '').split(';')[0] ?? ''
    if (status >= 400) assert.equal(type, 'application/problem+json', what)
    if (method === 'HEAD') return
    const place = this.#placeOf(method, url, status, type, what)
    if (place === undefined) {
      assert.equal(text, '', what)
      return
    }
    const values = type === 'application/x-ndjson' ? text.split('\n').filter((line) => line !== '') : [text]
    const check = this.#checkOf(place)
    for (const value of values) {
      assert.ok(check(JSON.parse(value)), `${what}\n${this.#ajv.errorsText(check.errors)}`)
    }
    if (status >= 400) assert.equal((JSON.parse(text) as { status: number }).status, status, what)
  }

  /** Where its schema is; undefined for an answer without a body. */
  #placeOf(method: string, url: string, status: number, type: string, what: string): string | undefined {
    const path = (url.split('?')[0] ?? '').replace(/^https?:\/\/[^/]+/, '')
    if (path === '/v1/openapi.json' && status === 200) return '#/components'
    const known = Object.keys(this.paths).find((template) => patternOf(template).test(path))
    const operation = known === undefined ? undefined : this.paths[known]?.[method.toLowerCase()]
    // Of an address that there is not, or not with this method, no document can tell more.
    if (known === undefined || operation === undefined) {
      assert.ok(status >= 400, `not documented: ${what}`)
      return PROBLEM
    }
    const response = operation.responses[String(status)]
    assert.ok(response !== undefined, `its status is not documented: ${what}`)
    if (response.content === undefined) return undefined
    assert.ok(response.content[type] !== undefined, `its type ${type} is not documented: ${what}`)
    const steps = [
      'paths',
      known,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
      'schema',
    ]
    return `#${steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`
  }

  #checkOf(place: string): ValidateFunction {
    const known = this.#checks.get(place)
    if (known !== undefined) return known
    const check = this.#ajv.compile({
      $ref: `document${place.replaceAll('{', '%7B').replaceAll('}', '%7D')}`,
    })
    this.#checks.set(place, check)
    return check
  }
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}
