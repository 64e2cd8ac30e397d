import type { Logger } from '../../logger.js'
import { type PushType, pushTypeOfTopic } from '../../push-type.js'
import { EnvironmentGuard } from './environment-guard.js'
import { FeedbackBox } from './feedback-box.js'

/** What belongs to one app: each has its own where several send over the same connections. */
export class Account {
  /** The topic of messages that name none. */
  readonly topic: string | undefined
  /** The push type that the topic's suffix belongs to, if it has one. */
  readonly suffixOf: PushType | undefined
  readonly guard: EnvironmentGuard
  readonly feedback: FeedbackBox

  /**
   * @param badTokenLimit see `NetworkOptions`
   */
  constructor(topic: string | undefined, badTokenLimit: number, logger: Logger) {
    this.topic = topic
    this.suffixOf = topic === undefined ? undefined : pushTypeOfTopic(topic)
    this.guard = new EnvironmentGuard(badTokenLimit)
    this.feedback = new FeedbackBox(logger)
  }
}
