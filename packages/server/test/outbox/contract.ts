import { describe } from 'node:test'
import { appending } from './contract/appending.js'
import { control } from './contract/control.js'
import { deadTokens } from './contract/dead-tokens.js'
import { deadTokensModel } from './contract/dead-tokens-model.js'
import { idempotency } from './contract/idempotency.js'
import { leases } from './contract/leases.js'
import { order } from './contract/order.js'
import { outcomes } from './contract/outcomes.js'
import { retention } from './contract/retention.js'
import type { MakePlace } from './support/place.js'

/**
 * Everything that the contract `Outbox` promises, tried on one implementation.
 *
 * @param skip why it cannot be tried here
 */
export function outboxContract(name: string, make: MakePlace, skip: string | false = false): void {
  describe(`the outbox contract: ${name}`, { skip }, () => {
    for (const chapter of [
      appending,
      idempotency,
      leases,
      order,
      outcomes,
      control,
      retention,
      deadTokens,
      deadTokensModel,
    ])
      chapter(make)
  })
}
