/** The program's clock, injected so that tests and simulations decide what time it is. Leases use the database's. */
export type Clock = { now(): Date }

export const systemClock: Clock = { now: () => new Date() }

export type SharedClock = Clock & {
  /**
   * Sets the clock by another. The answer is taken for the moment half way between question and answer.
   * @param ask milliseconds since 1970, by the other clock
   * @returns how far this machine's clock is behind the other, in milliseconds
   */
  follow(ask: () => Promise<number>): Promise<number>
}

/**
 * A clock for a program on several machines: it goes as this machine's does, and stands where the one does that all of
 * them ask. A machine whose clock is minutes off then neither sends before the time nor long after it.
 */
export function openSharedClock(machine: () => number = Date.now): SharedClock {
  let behindMs = 0
  return {
    now: () => new Date(machine() + behindMs),
    async follow(ask) {
      const asked = machine()
      const theirs = await ask()
      behindMs = Math.round(theirs - (asked + machine()) / 2)
      return behindMs
    },
  }
}
