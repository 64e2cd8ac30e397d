import type { ChaosOptions } from '../chaos.js'
import type { LiveActivityOptions } from '../delivery/activities.js'
import type { DeviceLimit } from '../delivery/delivery.js'
import type { DeliveryBudgets } from '../delivery/delivery-budgets.js'
import type { GatewayOptions } from '../gateway/options.js'
import type { JournalOptions } from '../journal.js'
import type { SimulatorOptions } from '../options.js'
import type { Script } from '../script.js'
import { duration, latency, needs, share, streamLimit } from './common-shapes.js'
import { CONNECTION_RULE } from './connection-rule-shape.js'
import { DOUBTS } from './doubts-shape.js'
import { CHANNEL_RULE, RULE } from './rule-shape.js'
import {
  callback,
  either,
  type Fields,
  integer,
  list,
  number,
  object,
  type Shape,
  single,
  text,
  truth,
  word,
  yes,
} from './shape.js'
import { TIMELINE_STEP } from './timeline-shape.js'

const MAX_PORT = 65_535

const seed: Shape<number | string> = either(
  number(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  text(),
)

const chaosOptions: Shape<ChaosOptions> = object<ChaosOptions>({ seed, intensity: share })

const journalOptions: Shape<JournalOptions> = object<JournalOptions>({
  file: text('the name of a file'),
  keep: either(integer(0), yes()),
})

/** Everything that a script may say, too. */
export const SCRIPT_FIELDS: Fields<Script> = {
  host: text('an address'),
  port: integer(0, MAX_PORT),
  seed,
  environment: word('production', 'sandbox'),
  topics: list(text('a bundle id')),
  broadcastTopics: list(text('a bundle id')),
  channelPort: integer(0, MAX_PORT),
  channelLimit: integer(0),
  channelRules: list(CHANNEL_RULE),
  streamLimit,
  initialStreamLimit: streamLimit,
  shrinkOnRefusal: truth(),
  onStreamLimitViolation: word('refuse', 'goAway'),
  refusalLimit: integer(0),
  deviceLimit: object<DeviceLimit>({ count: integer(1), per: duration }, needs('count', 'per')),
  liveActivities: object<LiveActivityOptions>({
    endedToken: word('ExpiredToken', 'Unregistered', 'accept'),
    endsAfter: duration,
  }),
  deliveryBudgets: object<DeliveryBudgets>({
    background: integer(0),
    location: integer(0),
    complication: integer(0),
    liveActivity: integer(0),
    widgets: integer(0),
  }),
  idleTimeout: duration,
  latency,
  tokenUpdateInterval: duration,
  wedgeOnTokenUpdates: truth(),
  environmentKeyReason: word('BadEnvironmentKeyInToken', 'BadEnvironmentKeyIdInToken'),
  doubts: DOUBTS,
  rules: list(RULE),
  connections: list(CONNECTION_RULE),
  timeline: list(TIMELINE_STEP),
  chaos: either(truth(), chaosOptions),
  journal: either(truth(), text('the name of a file'), journalOptions),
}

/** The gateway checks its options itself. */
const gatewayOptions: Shape<GatewayOptions> = single('object', 'options of the gateway', (value) =>
  typeof value === 'object' && value !== null ? value : undefined,
)

/** The options of `startSimulator`. */
export const OPTIONS: Shape<SimulatorOptions> = object<SimulatorOptions>({
  ...SCRIPT_FIELDS,
  now: callback(),
  record: either(truth(), number(0, Number.POSITIVE_INFINITY)),
  onNotification: callback(),
  onChannelRequest: callback(),
  gateway: either(truth(), gatewayOptions),
})
