import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Database, listOf, openDatabase } from '../../src/platform/db.ts'
import type { Scope } from '../../src/platform/scope.ts'
import { listMessages } from '../../src/reports/index.ts'
import { type Clinic, fund, launch, makeParts, openClinic, patients } from '../campaigns/clinic.ts'
import { openPostOffice, send, tell } from '../campaigns/post.ts'

let clinic: Clinic
/** One connection, which keeps its plans from the first statement on. */
let line: Database
/** The clinic by that connection. */
let there: Clinic
beforeEach(async () => {
  clinic = await openClinic()
  await fund(clinic, '1000000.00')
  line = openDatabase(clinic.programUrl, { now: clinic.now }, { poolSize: 1 })
  const cause = {
    workspaceId: clinic.workspaceId,
    actor: { name: 'system', role: 'owner' },
    requestId: 'cost',
  } as const
  there = { ...clinic, database: line, within: (work) => line.within(cause, work) }
  await clinic.asOwner(
    ({ sql }) =>
      sql`ANALYZE messages, recipients, attempts, receipts, charges, message_counts, accounts, transfers, slices`,
  )
}, 60_000)
afterEach(async () => {
  await line?.close()
  await clinic?.close()
})

const PATIENTS = 900
const FEW = 12
/** With the one more that tells whether there is another page. */
const PAGE = 51
/** PostgreSQL plans a statement anew five times. */
const UNTIL_PLANS_ARE_KEPT = 6
const TABLES = [
  'attempts',
  'messages',
  'recipients',
  'receipts',
  'charges',
  'message_counts',
  'accounts',
] as const

it('the last message is found as quickly as the first, though the plans were made when hardly anything was there', async () => {
  const [few, many] = [await makeParts(clinic, patients(FEW)), await makeParts(clinic, patients(PATIENTS))]
  const office = openPostOffice()
  await send(there, await launch(clinic, few), office)
  for (const of of office.handedIn) await tell(there, few.senderId, [{ of, status: 'delivered' }])
  const ids = [await launch(clinic, many), await launch(clinic, many)]

  const sending = await readFor(2 * PATIENTS, async () => {
    for (const id of ids) expect(await send(there, id, office)).toBe(PATIENTS)
  })
  // One by one against all that there are it would be hundreds of times.
  expect(sending).toEqual({ ...NONE, attempts: 1, messages: 6, recipients: 1 })

  const told = office.handedIn.slice(FEW)
  const folding = await readFor(told.length, async () => {
    for (let from = 0; from < told.length; from += 50) {
      const some = told.slice(from, from + 50)
      await tell(
        there,
        many.senderId,
        some.map((of) => ({ of, status: 'delivered' })),
      )
    }
  })
  expect(folding).toEqual({ ...NONE, attempts: 2, messages: 2, receipts: 1 })
})

it('a page of recipients reads its own messages and what belongs to them, though its plan was made when hardly anything was there', async () => {
  const [few, many] = [await makeParts(clinic, patients(FEW)), await makeParts(clinic, patients(PATIENTS))]
  const office = openPostOffice()
  const small = await launch(clinic, few)
  const pageOf = (scope: Scope, campaignId: string) =>
    listMessages(scope, { campaignId, limit: PAGE - 1, timeZone: 'UTC' })
  const look = (campaignId: string) => there.within((scope) => pageOf(scope, campaignId))
  await send(there, small, office)
  for (let times = 0; times < UNTIL_PLANS_ARE_KEPT; times++) await look(small)
  const large = await launch(clinic, many)
  expect(await send(there, large, office)).toBe(PATIENTS)
  await tell(
    there,
    many.senderId,
    office.handedIn.slice(FEW).map((of) => ({ of, status: 'delivered' })),
  )

  const looking = await readFor(PAGE, async () => {
    const { items } = await look(large)
    expect(items.map(({ state, chargedMinor }) => ({ state, isCharged: chargedMinor > 0n }))).toEqual(
      Array.from({ length: PAGE - 1 }, () => ({ state: 'delivered', isCharged: true })),
    )
  })
  // Whatever else is asked in the same transaction is planned as ever.
  const after = await there.within(async (scope) => {
    await pageOf(scope, large)
    return scope.sql`SELECT current_setting('enable_sort') AS sort, current_setting('enable_hashjoin') AS hashjoin`
  })
  expect([...after]).toEqual([{ sort: 'on', hashjoin: 'on' }])
  // The slices that the page is of are put in order, and no other is read.
  expect(looking).toEqual({ ...NONE, attempts: 1, messages: 2, recipients: 1, charges: 1 })
})

/** How many rows of each are read for each of so many messages; what other connections had read before may come in late. */
async function readFor(messages: number, work: () => Promise<void>): Promise<RowsRead> {
  const before = await rowsRead()
  await work()
  const after = await rowsRead()
  const each = TABLES.map((table) => [table, Math.round((after[table] - before[table]) / messages)])
  return Object.fromEntries(each) as RowsRead
}

type RowsRead = Record<(typeof TABLES)[number], number>
/** Counts and accounts are read once for many messages. */
const NONE = Object.fromEntries(TABLES.map((table) => [table, 0])) as RowsRead

/** Rows that have been read until now. */
async function rowsRead(): Promise<RowsRead> {
  await line.sql`SELECT pg_stat_force_next_flush()`
  const rows = await line.sql<{ relname: keyof RowsRead; n: number }[]>`
    SELECT relname, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS n FROM pg_stat_user_tables
     WHERE schemaname = 'public' AND relname = ANY(${listOf([...TABLES])}::text[])`
  return Object.fromEntries(rows.map(({ relname, n }) => [relname, n])) as RowsRead
}
