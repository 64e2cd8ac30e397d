/** A notification that APNs does not take: the status and the `reason` of the answer. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  /** Milliseconds since 1970; only with status 410. */
  readonly timestamp?: number
}
