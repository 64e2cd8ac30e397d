import type { ReceivedNotification } from '../received.js'
import type { Rule, RuleAction, RuleMatch } from '../rule.js'
import { type ChannelOperation, isChannelRequest, type ReceivedChannelRequest } from './channel-service.js'

/** Which requests about channels a rule is for: those that fit everything that is given. */
export interface ChannelRuleMatch
  extends Omit<
    RuleMatch,
    'token' | 'tokenPrefix' | 'topic' | 'pushType' | 'event' | 'share' | 'when' | 'timesPerToken'
  > {
  readonly operation?: ChannelOperation
  /** Those about the channel with this id. */
  readonly channel?: string
  /** Anything else. Not for rules that are kept in a file. */
  readonly when?: (request: ReceivedChannelRequest) => boolean
}

/** What happens to them: what may happen to notifications, apart from what is about device tokens. */
export type ChannelRuleAction = Omit<
  RuleAction,
  'unregistered' | 'expiredToken' | 'badDeviceToken' | 'tokenOf' | 'registeredFor'
>

/** Which requests about channels, and what happens to them. The first rule that fits decides. */
export type ChannelRule = ChannelRuleMatch & ChannelRuleAction

/** The same in the form of rules for notifications. */
export function ruleFrom({ operation, channel, when, ...rest }: ChannelRule): Rule {
  return {
    ...rest,
    when: (record: ReceivedNotification) =>
      isChannelRequest(record) &&
      (operation === undefined || operation === record.operation) &&
      (channel === undefined || channel === record.channelId) &&
      (when === undefined || when(record)),
  }
}
