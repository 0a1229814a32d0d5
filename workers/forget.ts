import type { House } from '../src/house.ts'

const MOST_AT_ONCE = 5_000

/** Lets go of what need not be kept, a bounded number of rows at a time. */
export async function forget(house: House): Promise<void> {
  const now = house.clock.now().toISOString()
  await house.database.sql`SELECT forget_old(${now}::timestamptz, ${MOST_AT_ONCE})`
  await house.database.sql`SELECT forget_attempts(${now}::timestamptz)`
}
