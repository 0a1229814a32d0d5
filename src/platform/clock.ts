/** The program's clock, injected so that tests and simulations decide what time it is. Leases use the database's. */
export type Clock = { now(): Date }

export const systemClock: Clock = { now: () => new Date() }
