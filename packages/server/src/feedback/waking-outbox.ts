import type { Outbox } from '../outbox/outbox.js'
import type { FeedbackFollower } from './feedback-follower.js'

/** The same outbox, for a worker: what it records of dead tokens wakes who waits for them, once it is on disk. */
export function wakingOutbox(outbox: Outbox, follower: Pick<FeedbackFollower, 'woken'>): Outbox {
  const record: Outbox['record'] = async (progress) => {
    const states = await outbox.record(progress)
    if (progress.some(({ others }) => others?.some(({ isDead }) => isDead === true))) follower.woken()
    return states
  }
  return new Proxy(outbox, {
    get(target, name) {
      if (name === 'record') return record
      const own: unknown = Reflect.get(target, name)
      return (typeof own === 'function' ? own.bind(target) : own) as unknown
    },
  })
}
