import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { type Clinic, fund, launch, makeParts, openClinic, patients } from '../campaigns/clinic.ts'
import { openPostOffice, send } from '../campaigns/post.ts'

let clinic: Clinic
/** One connection, which keeps its plans from the first statement on. */
let line: Database
beforeAll(async () => {
  clinic = await openClinic()
  await fund(clinic, '1000000.00')
  line = openDatabase(clinic.programUrl, { now: clinic.now }, { poolSize: 1 })
}, 60_000)
afterAll(async () => {
  await line?.close()
  await clinic?.close()
})

const PATIENTS = 900

it('the last message is found as quickly as the first, though the plans were made when nothing had been sent', async () => {
  const parts = await makeParts(clinic, patients(PATIENTS))
  const ids = [await launch(clinic, parts), await launch(clinic, parts)]
  await clinic.asOwner(({ sql }) => sql`ANALYZE messages, attempts`)
  const office = openPostOffice()
  for (const id of ids) expect(await send({ ...clinic, database: line }, id, office)).toBe(PATIENTS)
  // Each is read to be marked and to be told; one by one against all that were sent, it would be a thousand times.
  expect((await attemptsRead()) / office.handedIn.length).toBeLessThan(5)
})

/** Rows of attempts that the connection has read until now. */
async function attemptsRead(): Promise<number> {
  await line.sql`SELECT pg_stat_force_next_flush()`
  const [row] = await line.sql<{ n: number }[]>`
    SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS n FROM pg_stat_user_tables WHERE relname = 'attempts'`
  return row!.n
}
