/** By turns, since a machine that others share is not equally fast at any two moments. */
export const ROUNDS = 3

/** Of an odd number of figures. */
export function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[(figures.length - 1) / 2]!
}

/** What each round came to, for a figure's note. */
export function inTurn(perSecond: readonly number[]): string {
  return perSecond.map((figure) => Math.round(figure).toLocaleString('en-GB')).join(' ')
}
