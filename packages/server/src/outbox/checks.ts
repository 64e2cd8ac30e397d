import type { ClaimRequest, NewMessage, Scope } from './outbox.js'
import { OutboxError } from './outbox-error.js'

const MAX_NAME_CHARACTERS = 255
const MAX_CONTENT_BYTES = 65_536
const MAX_PRIORITY = 1000

/** @throws {OutboxError} `BAD_ARGUMENT` for the first field that is not what the contract asks for */
export function checkMessage(message: NewMessage): void {
  checkName('app', message.app)
  if (typeof message.content !== 'string') bad('content is not a string')
  const contentBytes = Buffer.byteLength(message.content)
  if (contentBytes > MAX_CONTENT_BYTES) {
    bad(`content has ${contentBytes} bytes; the most is ${MAX_CONTENT_BYTES}`)
  }
  checkInteger('priority', message.priority ?? 0, -MAX_PRIORITY, MAX_PRIORITY)
  checkMoment('deliverAfterMs', message.deliverAfterMs)
  checkMoment('giveUpAfterMs', message.giveUpAfterMs)
  checkChoice('ambiguous', message.ambiguous, ['resend', 'drop'])
  checkChoice('keep', message.keep, ['failures', 'all'])
  checkChoice('suppression', message.suppression, ['apply', 'ignore'])
  checkMoment('registeredAtMs', message.registeredAtMs)
  if (message.idempotencyKey !== undefined) checkName('idempotencyKey', message.idempotencyKey)
}

/** @throws {OutboxError} `BAD_ARGUMENT` */
export function checkClaim({ owner, leaseMs, maxTokens, maxTokensPerApp }: ClaimRequest): void {
  checkName('owner', owner)
  checkInteger('leaseMs', leaseMs, 1)
  checkInteger('maxTokens', maxTokens, 1)
  if (maxTokensPerApp !== undefined) checkInteger('maxTokensPerApp', maxTokensPerApp, 1)
}

/** @throws {OutboxError} `BAD_ARGUMENT` */
export function checkScope(scope: Scope): void {
  if (scope === 'everything') return
  if ('app' in scope) checkName('app', scope.app)
  else checkName('messageId', scope.messageId)
}

/** @throws {OutboxError} `BAD_ARGUMENT` */
export function checkInteger(
  name: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    bad(`${name} is ${String(value)}; it is an integer from ${least} to ${most}`)
  }
}

/** @throws {OutboxError} `BAD_ARGUMENT` */
export function checkMoment(name: string, value: number | undefined): void {
  if (value !== undefined) checkInteger(name, value, 0)
}

/** @throws {OutboxError} `BAD_ARGUMENT` */
export function checkName(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '' || value.length > MAX_NAME_CHARACTERS) {
    bad(`${name} is not a string of 1 to ${MAX_NAME_CHARACTERS} characters`)
  }
}

function checkChoice(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(value)) bad(`${name} is neither ${choices.join(' nor ')}`)
}

function bad(problem: string): never {
  throw new OutboxError('BAD_ARGUMENT', problem)
}
