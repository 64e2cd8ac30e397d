import type { ChannelRule } from '../broadcast/channel-rule.js'
import type { Rule, RuleAction, RuleMatch, RuleTimes } from '../rule.js'
import {
  cut,
  duration,
  errorCode,
  goAway,
  latency,
  ordinals,
  position,
  ruleTimes,
  share,
  streamLimit,
  time,
} from './common-shapes.js'
import {
  callback,
  either,
  type Fields,
  integer,
  keysOf,
  list,
  OptionError,
  object,
  type Shape,
  single,
  text,
  word,
  yes,
} from './shape.js'

const textOrList: Shape<string | readonly string[]> = either(text(), list(text()))
const since: Shape<Date | number | true> = either(yes(), time)
/** Header values as Node takes them; the rest is the script's own business. */
const headers: Shape<Readonly<Record<string, string>>> = single('object', 'names with texts', (value) => {
  const entries = Object.entries(value ?? {})
  return entries.every(([, field]) => typeof field === 'string') ? Object.fromEntries(entries) : undefined
})

/** Those that have nothing to do with device tokens. */
const COMMON_MATCHES = {
  name: text(),
  connection: ordinals,
  nth: ordinals,
  ...ruleTimes,
  when: callback(),
  after: position,
  chance: share,
  times: position,
} as const satisfies Partial<Fields<RuleMatch>>

const MATCHES: Fields<RuleMatch> = {
  ...COMMON_MATCHES,
  token: either(
    text(),
    list(text()),
    single('expression', 'a regular expression, in code only', (value) =>
      value instanceof RegExp ? value : undefined,
    ),
  ),
  tokenPrefix: text(),
  topic: text(),
  pushType: text(),
  event: word('start', 'update', 'end'),
  share,
  timesPerToken: position,
}

/** Those that have nothing to do with device tokens. */
const COMMON_ACTIONS = {
  status: integer(200, 599),
  silent: yes(),
  reset: errorCode,
  goAway,
  disconnect: cut,
  blackHole: yes(),
  wedge: yes(),
  streamLimit,
} as const satisfies Partial<Fields<RuleAction>>

const ACTIONS = {
  unregistered: since,
  expiredToken: since,
  badDeviceToken: yes(),
  tokenOf: word('production', 'sandbox'),
  registeredFor: textOrList,
  ...COMMON_ACTIONS,
} as const satisfies Partial<Fields<RuleAction>>

const WITH_STATUS = {
  reason: text(),
  timestamp: time,
  retryAfter: either(duration, text()),
  body: text(),
  split: integer(1),
  headers,
} as const satisfies Partial<Fields<RuleAction>>

/** A rule for requests about channels. */
export const CHANNEL_RULE: Shape<ChannelRule> = object<ChannelRule>(
  {
    ...COMMON_MATCHES,
    operation: word('create', 'read', 'delete', 'list'),
    channel: text('the id of a channel'),
    when: callback(),
    ...COMMON_ACTIONS,
    ...WITH_STATUS,
    delay: latency,
    for: duration,
  },
  (rule, path) => checkRule(rule, path, COMMON_ACTIONS),
)

/** A rule for notifications, of a script or of code. */
export const RULE: Shape<Rule> = object<RuleMatch & RuleAction>(
  { ...MATCHES, ...ACTIONS, ...WITH_STATUS, delay: latency, for: duration },
  (rule, path) => checkRule(rule, path, ACTIONS),
)

function checkRule(rule: RuleTimes & RuleAction, path: string, possible: object): void {
  const given = keysOf(rule)
  const actions = Object.keys(possible).filter((key) => given.includes(key))
  if (actions.length > 1) throw new OptionError(path, `${actions.join(' and ')} exclude each other`)
  if (actions.length === 0 && rule.delay === undefined) {
    const allowed = Object.keys(possible).join(', ')
    throw new OptionError(path, `says nothing that should happen; allowed: one of ${allowed}, delay`)
  }
  const orphan = given.find((key) => key in WITH_STATUS)
  if (orphan !== undefined && rule.status === undefined) {
    throw new OptionError(`${path}.${orphan}`, `"${orphan}" needs "status"`)
  }
  if (rule.for !== undefined && rule.blackHole === undefined && rule.streamLimit === undefined) {
    throw new OptionError(`${path}.for`, '"for" needs "blackHole" or "streamLimit"')
  }
  if (rule.every !== undefined && rule.until === undefined) {
    throw new OptionError(`${path}.every`, '"every" needs "until"')
  }
}
