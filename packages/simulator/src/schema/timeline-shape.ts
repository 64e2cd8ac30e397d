import type { TimelineStep } from '../timeline.js'
import { cut, duration, goAway, needs, streamLimit } from './common-shapes.js'
import { either, type Fields, keysOf, OptionError, object, type Shape, text, yes } from './shape.js'

const DEEDS: Fields<Omit<TimelineStep, 'at' | 'every'>> = {
  goAway,
  disconnect: cut,
  blackHole: yes(),
  streamLimit,
  rejectProviderTokens: either(yes(), text('a reason')),
}

/** One step of a timeline. */
export const TIMELINE_STEP: Shape<TimelineStep> = object<TimelineStep>(
  { at: duration, every: duration, ...DEEDS },
  (step, path) => {
    needs('at')(step, path)
    if (step.every === 0)
      throw new OptionError(`${path}.every`, '0 is not allowed; allowed: more than 0 seconds')
    const deeds = keysOf(step).filter((key) => key in DEEDS)
    if (deeds.length === 1) return
    throw new OptionError(path, `exactly one of ${Object.keys(DEEDS).join(', ')}`)
  },
)
