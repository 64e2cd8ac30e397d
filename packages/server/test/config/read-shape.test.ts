import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ConfigError } from '@apns-worker/server'
import { Problems } from '#src/config/problems.js'
import { readShape } from '#src/config/read-shape.js'

it('a secret that is not as it has to be is not shown', () => {
  const problems = new Problems()
  const place = { file: 'worker.yaml', line: 1, column: 1 }
  const node = { kind: 'scalar', value: 'hunter2', text: 'hunter2', place } as const
  const shape = { type: 'string', pattern: '^x$', give: 'an x' }
  readShape({ ...shape, secret: true }, node, ['passphrase'], problems)
  readShape(shape, node, ['name'], problems)
  assert.throws(
    () => problems.throwIfAny(),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.problems.map(({ message }) => message),
        ['passphrase is a text of 7 characters; give an x', 'name is "hunter2"; give an x'],
      )
      return true
    },
  )
})
