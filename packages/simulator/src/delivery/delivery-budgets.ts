import type { PushTypeName } from '../push-types.js'
import { WindowCounter } from '../window-counter.js'

/** How many pushes an app gets through to one device; beyond that the device holds them back. Default: no limit, where none is said. */
export interface DeliveryBudgets {
  /** An hour; default 3, of Apple's "two or three". */
  readonly background?: number
  /** A day; default 360, as Apple's page has it. */
  readonly location?: number
  /** A day. */
  readonly complication?: number
  /** An hour, for each activity, at priority 10 alone: priority 5 is free. Apple publishes no number. */
  readonly liveActivity?: number
  /** A day. Apple publishes no number. */
  readonly widgets?: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BACKGROUND = 3
const LOCATION = 360

/** What is left of the budgets. */
export class Budgets {
  readonly #counters = new Map<PushTypeName, WindowCounter>()

  constructor({
    background = BACKGROUND,
    location = LOCATION,
    complication,
    liveActivity,
    widgets,
  }: DeliveryBudgets) {
    this.#add('background', background, HOUR_MS)
    this.#add('location', location, DAY_MS)
    this.#add('complication', complication, DAY_MS)
    this.#add('liveactivity', liveActivity, HOUR_MS)
    this.#add('widgets', widgets, DAY_MS)
  }

  /** Takes one push off; false when none is left. `priority`: as sent. */
  take(type: PushTypeName, device: string, priority: number | undefined, now: number): boolean {
    if (type === 'liveactivity' && priority !== undefined && priority < 10) return true
    return this.#counters.get(type)?.take(device, now) ?? true
  }

  #add(type: PushTypeName, limit: number | undefined, windowMs: number): void {
    if (limit !== undefined) this.#counters.set(type, new WindowCounter(limit, windowMs))
  }
}
