import type { House } from '../src/house.ts'

const MOST_AT_ONCE = 5_000
/** A million rows each time: more than a thousand webhooks a second leave behind until the next. */
const MOST_ROUNDS = 200

/** Lets go of what need not be kept, in short transactions, until nothing old is left or there were very many. */
export async function forget(house: Pick<House, 'clock' | 'database'>): Promise<void> {
  const now = house.clock.now().toISOString()
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const [row] = await house.database.sql<{ n: number }[]>`
      SELECT forget_old(${now}::timestamptz, ${MOST_AT_ONCE}) AS n`
    if (row!.n === 0) break
  }
  await house.database.sql`SELECT forget_attempts(${now}::timestamptz)`
}
