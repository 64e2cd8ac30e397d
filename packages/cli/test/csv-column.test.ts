import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planColumn, splitValues, valueAt } from '#src/csv-column.js'

const TOKEN = '74'.repeat(32)

test('a line without a delimiter is a token, or the header of a single column', () => {
  assert.deepEqual(planColumn(TOKEN), { kind: 'whole-line', skipFirst: false })
  assert.deepEqual(planColumn('token'), { kind: 'whole-line', skipFirst: true })
  assert.deepEqual(planColumn('device_token'), { kind: 'whole-line', skipFirst: true })
})

test('the column is found by its header', () => {
  const column = (index: number, delimiter: string) => ({ kind: 'column', index, delimiter, skipFirst: true })
  assert.deepEqual(planColumn('id,Device Token,name'), column(1, ','))
  assert.deepEqual(planColumn('id;name;token'), column(2, ';'))
  assert.deepEqual(planColumn('apns_token\tid'), column(0, '\t'))
  assert.deepEqual(planColumn('"id, internal","push token"'), column(1, ','))
  // The surer name wins over the first.
  assert.deepEqual(planColumn('token_created_at,token'), column(1, ','))
})

test('without a header the column is the one that holds a token', () => {
  assert.deepEqual(planColumn(`12345678,${TOKEN},x`), {
    kind: 'column',
    index: 1,
    delimiter: ',',
    skipFirst: false,
  })
})

test('the user may name the column, or number it', () => {
  assert.deepEqual(planColumn('id,apns', 'APNS'), {
    kind: 'column',
    index: 1,
    delimiter: ',',
    skipFirst: true,
  })
  assert.deepEqual(planColumn('id,apns', '2'), { kind: 'column', index: 1, delimiter: ',', skipFirst: true })
  assert.deepEqual(planColumn(`1,${TOKEN}`, '2'), {
    kind: 'column',
    index: 1,
    delimiter: ',',
    skipFirst: false,
  })
})

test('what cannot be told is an error that says so', () => {
  assert.throws(() => planColumn('id,name'), /no column of "id,name" .* --column/)
  assert.throws(() => planColumn('id,name', 'apns'), /there is no column "apns"; the first line is "id,name"/)
  assert.throws(() => planColumn('id,name', '0'), /there is no column "0"/)
})

test('values in quotes may hold the delimiter and quotes', () => {
  assert.deepEqual(splitValues('a,"b, ""c""",,d', ','), ['a', 'b, "c"', '', 'd'])
  assert.deepEqual(splitValues('', ','), [''])
  assert.deepEqual(splitValues('"open,x', ','), ['"open', 'x'])
  assert.equal(valueAt('a,b', ',', 2), undefined)
})

test('splitting undoes quoting, for any values', () => {
  const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`
  fc.assert(
    fc.property(
      fc.array(fc.string(), { minLength: 1 }),
      fc.constantFrom(',', ';', '\t'),
      (values, delimiter) => {
        assert.deepEqual(splitValues(values.map(quote).join(delimiter), delimiter), values)
      },
    ),
  )
})
