/** A message's state, as stores have it. The others of the contract are told from its other columns. */
export const MESSAGE = { open: 0, queued: 1, done: 2, cancelled: 3, purged: 4 } as const

/** A batch's state, as stores have it. It has no row any more once all of its tokens are settled. */
export const BATCH = { held: 0, ready: 1, waiting: 2, leased: 3 } as const
