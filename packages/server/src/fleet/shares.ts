import type { LineRecords, MemberRecord } from './member-record.js'

/** A member's part in a line's connections, on the occasion of its heartbeat. */
export interface LineGrant {
  readonly line: string
  /** How many it may have open from now on. */
  readonly count: number
}

/**
 * Divides the connections of each line among the members that serve it: alike, and where that does not come out even, one more
 * for those that have been there longest. Nobody is taken from: a member is told to have fewer, and says so when it has; until
 * then they are not free for others. So the sum is never above the limit.
 *
 * Where members know different limits, as while a new configuration is rolled out, the lowest counts.
 *
 * @param others all that are not dead, replaced ones included
 * @returns what goes into the member's record, and what it is told
 */
export function grantLines(
  self: MemberRecord,
  others: readonly MemberRecord[],
): { readonly lines: LineRecords; readonly grants: readonly LineGrant[] } {
  const lines: Record<string, MemberRecord['lines'][string]> = {}
  const grants: LineGrant[] = []
  for (const [line, { limit, held }] of Object.entries(self.lines)) {
    if (limit === null) {
      if (held > 0) lines[line] = { limit, held }
      grants.push({ line, count: 0 })
      continue
    }
    const servers = [self, ...others.filter(({ isReplaced }) => !isReplaced)].filter(
      (member) => limitOf(member, line) !== undefined,
    )
    const lowest = Math.min(...servers.map((member) => limitOf(member, line) ?? limit))
    const taken = others.reduce((sum, member) => sum + heldOf(member, line), 0)
    const count = Math.max(0, Math.min(shareOf(self, servers, lowest), lowest - taken))
    lines[line] = { limit, held: Math.max(held, count) }
    grants.push({ line, count })
  }
  return { lines, grants }
}

/** What one of them should have when all have given up what they have too much of. */
export function shareOf(member: MemberRecord, servers: readonly MemberRecord[], limit: number): number {
  const place = [...servers].sort(longestFirst).indexOf(member)
  return Math.floor(limit / servers.length) + (place < limit % servers.length ? 1 : 0)
}

function longestFirst(one: MemberRecord, other: MemberRecord): number {
  return one.sinceMs - other.sinceMs || (one.incarnation < other.incarnation ? -1 : 1)
}

function limitOf({ lines }: MemberRecord, line: string): number | undefined {
  return Object.hasOwn(lines, line) ? (lines[line]?.limit ?? undefined) : undefined
}

function heldOf({ lines }: MemberRecord, line: string): number {
  return Object.hasOwn(lines, line) ? (lines[line]?.held ?? 0) : 0
}
