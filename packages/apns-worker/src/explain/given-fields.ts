/** Header fields without those that have no value. */
export function givenFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
): (readonly [name: string, value: string])[] {
  return fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}
