import { variableName } from '#src/config/environment-source.js'
import { quantityText } from '#src/config/quantity.js'
import type { Shape } from '#src/config/shape.js'

/** A setting, as it is in the documentation. */
export interface SettingRow {
  /** Such as `apps[].keyPath`. */
  readonly key: string
  readonly variable: string
  readonly row: string
}

/** All settings that have a value of their own, in the order of the schema. */
export function settingRows(shape: Shape, path: readonly (string | number)[] = []): SettingRow[] {
  if (
    shape.description !== undefined &&
    shape.properties === undefined &&
    path.length > 0 &&
    !hasEntries(shape)
  )
    return [rowOf(shape, path)]
  const members = (shape.anyOf ?? []).flatMap((member) =>
    settingRows(
      { description: shape.description ?? '', ...member, default: member.default ?? shape.default },
      path,
    ),
  )
  const own = members.filter(({ key }) => key === keyText(path)).slice(0, 1)
  const inner = members.filter(({ key }) => key !== keyText(path))
  const properties = Object.entries(shape.properties ?? {}).flatMap(([key, each]) =>
    settingRows(each, [...path, key]),
  )
  const items = hasEntries(shape) && shape.items !== undefined ? settingRows(shape.items, [...path, 0]) : []
  return [...own, ...inner, ...properties, ...items]
}

/** Whether it is a list of objects. */
function hasEntries({ items }: Shape): boolean {
  return items?.properties !== undefined
}

function keyText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? '[]' : index === 0 ? step : `.${step}`))
    .join('')
}

function rowOf(shape: Shape, path: readonly (string | number)[]): SettingRow {
  const key = keyText(path)
  const variable = variableName(path).replaceAll('_0_', '_<n>_')
  const cells = [`\`${key}\``, shape.description, defaultText(shape), rangeText(shape), `\`${variable}\``]
  return { key, variable, row: `| ${cells.join(' | ')} |` }
}

function defaultText({ default: value, unit }: Shape): string {
  if (value === undefined) return ''
  return `\`${typeof value === 'number' && unit !== undefined ? quantityText(value, unit) : String(value)}\``
}

function rangeText({ minimum, maximum, unit, enum: values, items }: Shape): string {
  const choice = values ?? items?.enum
  if (choice !== undefined) return choice.map((each) => `\`${String(each)}\``).join(', ')
  if (minimum === undefined || maximum === undefined) return ''
  const text = (bound: number): string =>
    unit === undefined ? bound.toLocaleString('en') : quantityText(bound, unit)
  return `${text(minimum)} to ${text(maximum)}`
}
