/** How a stop went. Nothing of what is named here is lost: it is in the store. */
export interface DrainReport {
  /** Requests to the API that were cut off: their callers do not know what was stored. */
  readonly cutRequests: number
  /** Batches that the worker gave back while the server ran and stopped. */
  readonly givenBackBatches: number
  /** Of these, how many had requests that Apple has not answered: they are sent again, with the same apns-ids. */
  readonly batchesInDoubt: number
  /** Tokens that wait for the next start; undefined where the store did not say. */
  readonly pendingTokens: number | undefined
  /** What could not be ended as it should, in words. */
  readonly failures: readonly string[]
  readonly seconds: number
}

/** Whether everything that was in flight was seen to its end. */
export function isClean({ cutRequests, batchesInDoubt, failures }: DrainReport): boolean {
  return cutRequests === 0 && batchesInDoubt === 0 && failures.length === 0
}
