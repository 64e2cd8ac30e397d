/**
 * Up to a thousand tokens, and a lease on them. Tokens are simulated in grains: so many at a time that share their fate.
 */
export class Batch {
  /** @type {'ready' | 'leased' | 'settled' | 'lost'} */
  state = 'ready'
  owner = ''
  leaseUntilMs = 0
  /** One more with each claim: whoever has an older one has it no more. */
  fence = 0
  app
  message
  acceptedAtMs
  grains
  /** Each grain's outcome, by its number in `OUTCOMES`, from 1 on; 0: none yet. */
  outcomes
  /** How often Apple has accepted each. */
  deliveries
  isAnswered
  isDead
  pendingGrains

  /**
   * @param {object} fields
   * @param {string} fields.app
   * @param {number} fields.message
   * @param {number} fields.acceptedAtMs
   * @param {readonly number[]} fields.grains how many tokens each has
   * @param {(grain: number) => boolean} fields.isDead
   */
  constructor({ app, message, acceptedAtMs, grains, isDead }) {
    this.app = app
    this.message = message
    this.acceptedAtMs = acceptedAtMs
    this.grains = grains
    this.outcomes = grains.map(() => 0)
    this.deliveries = grains.map(() => 0)
    this.isAnswered = grains.map(() => false)
    this.isDead = grains.map((_, grain) => isDead(grain))
    this.pendingGrains = grains.length
  }

  get pendingTokens() {
    return this.grains.reduce((sum, count, grain) => (this.outcomes[grain] === 0 ? sum + count : sum), 0)
  }
}
