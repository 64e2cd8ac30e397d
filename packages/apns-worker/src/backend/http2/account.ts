import type { Logger } from '../../logger.js'
import { EnvironmentGuard } from './environment-guard.js'
import { FeedbackBox } from './feedback-box.js'

/** What belongs to one app: each has its own where several send over the same connections. */
export class Account {
  /** The topic of messages that name none. */
  readonly topic: string | undefined
  readonly guard: EnvironmentGuard
  readonly feedback: FeedbackBox

  /**
   * @param badTokenLimit see `NetworkOptions`
   */
  constructor(topic: string | undefined, badTokenLimit: number, logger: Logger) {
    this.topic = topic
    this.guard = new EnvironmentGuard(badTokenLimit)
    this.feedback = new FeedbackBox(logger)
  }
}
