import type { Conduct, ConnectionRule, Effect, NamedConnectionRule } from './connection-rule.js'
import { Random } from './random.js'
import { isOneOf, RuleTurn, RuleUses } from './rule-match.js'
import type { RuleContext } from './rules.js'
import { CONNECTION_RULE, effectOf } from './schema/connection-rule-shape.js'

/** The rules for connections in force, in order. */
export class ConnectionRules {
  readonly #entries = new Set<ConnectionRuleEntry>()
  readonly #context: RuleContext
  #added = 0

  constructor(context: RuleContext) {
    this.#context = context
  }

  /** Adds a rule behind the others and returns what takes it away. Throws an OptionError that says what is wrong. */
  add(rule: ConnectionRule): () => void {
    const checked = CONNECTION_RULE.read(rule, 'rule')
    const place = `connections[${this.#added}]`
    this.#added += 1
    const entry = new ConnectionRuleEntry({ ...checked, name: checked.name ?? place }, place, this.#context)
    this.#entries.add(entry)
    return () => this.#entries.delete(entry)
  }

  /** How a new connection shall be treated. */
  conductOf(connection: number): Conduct {
    const conduct: Partial<Record<Effect, NamedConnectionRule>> = {}
    for (const entry of this.#entries) {
      const effect = effectOf(entry.rule)
      if (effect !== undefined && conduct[effect] === undefined && entry.take(connection))
        conduct[effect] = entry.rule
    }
    return conduct
  }
}

class ConnectionRuleEntry {
  readonly rule: NamedConnectionRule
  readonly #uses: RuleUses
  readonly #turn: RuleTurn

  constructor(rule: NamedConnectionRule, place: string, context: RuleContext) {
    this.rule = rule
    this.#uses = new RuleUses(rule)
    this.#turn = new RuleTurn(rule, new Random(`${context.seed} ${place}`), () => context.elapsed())
  }

  take(connection: number): boolean {
    if (this.#uses.isSpent || !isOneOf(connection, this.rule.connection)) return false
    return this.#turn.take() && this.#uses.take('')
  }
}
