import type { ApnsManager } from 'apns-worker'
import type { Outbox } from '../outbox/outbox.js'

/**
 * The same outbox, for the API: whoever resumes an app, or everything, means the lines to Apple too, which a configuration
 * error may have stopped.
 */
export function resumingOutbox(
  outbox: Outbox,
  managers: ReadonlyMap<string, Pick<ApnsManager, 'resume'>>,
): Outbox {
  const resume: Outbox['resume'] = async (scope) => {
    await outbox.resume(scope)
    if (scope === 'everything') for (const manager of managers.values()) manager.resume()
    else if ('app' in scope) managers.get(scope.app)?.resume()
  }
  return new Proxy(outbox, {
    get(target, name) {
      if (name === 'resume') return resume
      const own: unknown = Reflect.get(target, name)
      return typeof own === 'function' ? (own.bind(target) as unknown) : own
    },
  })
}
