/** The largest slice: to take one and to give it back costs as much for one message as for a thousand. */
const MOST_IN_A_SLICE = 1_000
/** A slice should take no longer than this to send, so that a new campaign waits no longer either. */
const SLICE_SECONDS = 2
/** A campaign has some slices, if they are not tiny: what a lost worker has taken waits until it is given up. */
const SLICES = 16
const NOT_TINY = 100

/** How many of so many messages make a slice for a sender of that speed. */
export function sliceSize(messagesPerSecond: number, recipients: number): number {
  const share = Math.max(NOT_TINY, Math.ceil(recipients / SLICES))
  return Math.max(1, Math.min(MOST_IN_A_SLICE, share, Math.floor(messagesPerSecond * SLICE_SECONDS)))
}

/** How many attempts are opened together: what may be uncertain after a crash, so no more than a moment's worth. */
const MOST_AT_ONCE = 192
const DISPATCH_SECONDS = 0.1

export function dispatchSize(messagesPerSecond: number): number {
  return Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(messagesPerSecond * DISPATCH_SECONDS)))
}

/** As much as a slow provider needs. */
const LEAST_IN_FLIGHT = 192

/**
 * How many of one line may be marked and not yet answered, over all lanes of a worker: what is uncertain after a crash. For
 * a fast sender one batch is marked, one is called and one waits for its last answers; with two, a tenth of a fast
 * machine's time is spent on waiting, and four gain nothing.
 */
export function mostInFlight(messagesPerSecond: number): number {
  return Math.max(LEAST_IN_FLIGHT, 3 * dispatchSize(messagesPerSecond))
}
