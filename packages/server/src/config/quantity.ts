/** What a number counts; without a unit of its own it is in seconds, or in bytes. */
export type Unit = 'seconds' | 'bytes'

const UNITS: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  seconds: { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 },
  bytes: {
    B: 1,
    kB: 1000,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
    KiB: 1024,
    MiB: 1024 ** 2,
    GiB: 1024 ** 3,
    TiB: 1024 ** 4,
  },
}
const QUANTITY = /^(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]{1,3})$/

/** Reads `30s`, `1.5h` or `8MiB`; undefined for what is nothing of the kind. */
export function parseQuantity(text: string, unit: Unit): number | undefined {
  const [, amount, suffix] = QUANTITY.exec(text) ?? []
  if (amount === undefined || suffix === undefined || !Object.hasOwn(UNITS[unit], suffix)) return undefined
  return Number(amount) * (UNITS[unit][suffix] ?? Number.NaN)
}

/** For messages and tables: `10m` for 600 seconds; the number itself where no unit makes it short. */
export function quantityText(amount: number, unit: Unit): string {
  const short = Object.entries(UNITS[unit])
    .sort(([, one], [, other]) => other - one)
    // Rounded: 0.1 is no multiple of 0.001, in binary.
    .find(([, size]) => amount >= size && Math.abs(amount / size - Math.round(amount / size)) < 1e-9)
  return short === undefined ? String(amount) : `${Math.round(amount / short[1])}${short[0]}`
}

/** For messages: what may be written. */
export const QUANTITY_HELP: Readonly<Record<Unit, string>> = {
  seconds: 'seconds, or a number with a unit such as 500ms, 30s, 10m, 12h, 7d',
  bytes: 'bytes, or a number with a unit such as 64KiB, 8MiB, 10GB',
}
