import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { auditAll, auditWorkspace, type Check, watchLedger } from '../../src/reports/index.ts'
import { checkChain, STREAMS, type Stream, sealStream } from '../../src/wallet/index.ts'
import { booksOf, type Clinic, openClinic, PRICE } from '../campaigns/clinic.ts'
import { type Played, playThrough } from './play.ts'
import { HARMLESS, TAMPERINGS } from './tamperings.ts'

let clinic: Clinic
let superuser: Database
let played: Played

beforeAll(async () => {
  clinic = await openClinic()
  played = await playThrough(clinic)
  for (const stream of STREAMS) await sealAll(stream)
  superuser = openDatabase(clinic.superuserUrl, clinic, { poolSize: 1 })
}, 60_000)

afterAll(async () => {
  await superuser?.close()
  await clinic?.close()
})

describe('the audit of books that nobody has touched', () => {
  it('finds every invariant to hold, with figures that are not all zero', async () => {
    const report = await clinic.asOwner((owner) => auditAll(owner))
    expect(report.workspaces.map(({ name }) => name)).toEqual(['Klinik Sehat'])
    const [{ checks }] = report.workspaces as [(typeof report.workspaces)[0]]
    expect(checks.flatMap((check) => check.differences)).toEqual([])
    expect(report.ok).toBe(true)
    expect(figuresOf(checks)).toMatchObject({
      balances_follow_from_transfers: { accounts: 9 },
      transfers_chain: { not_yet_sealed: 0 },
      audit_events_chain: { not_yet_sealed: 0 },
    })
    const idle = checks.filter((check) =>
      Object.values(check.figures).every((figure) => Number(figure) === 0),
    )
    expect(idle.map((check) => check.name)).toEqual([])
  })

  it('finds the same as the program’s own role, which sees no other workspace', async () => {
    const report = await clinic.within(auditWorkspace)
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
  })

  it('agrees with the wallet: what was put in is available, held or spent, but for what is owed', async () => {
    const { wallet, held, spent, receivable, adjustment, funding } = await booksOf(clinic)
    expect(wallet + held + spent + receivable + adjustment).toBe(-funding)
    expect(held).toBe(3n * PRICE)
    expect(receivable).toBe(0n)
  })
})

describe('a row altered by hand as the database’s superuser, past every trigger', () => {
  const flat = Object.entries(TAMPERINGS).flatMap(([table, columns]) =>
    Object.entries(columns).map(([column, tampering]) => ({ where: `${table}.${column}`, ...tampering })),
  )

  it.each(flat)('$where: the audit fails and names it', async ({ sql, shows, names }) => {
    const { checks } = await auditAfter(sql)
    const failed = checks.filter((check) => !check.ok)
    expect(failed.map((check) => check.name)).toEqual(expect.arrayContaining([...shows]))
    const said = failed.flatMap((check) => check.differences).join('\n')
    expect(said).toMatch(names ?? /\d/)
  })

  it('leaves no column of these tables out', async () => {
    const columns = await superuser.sql<{ table: string; column: string }[]>`
      SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
       WHERE table_schema = 'public' AND table_name = ANY(${Object.keys(TAMPERINGS)}::text[])`
    const forgotten = columns.filter(
      ({ table, column }) => !TAMPERINGS[table]![column] && !HARMLESS[table]?.[column],
    )
    expect(forgotten).toEqual([])
  })

  it('is forgotten with its transaction: the books are as they were', async () => {
    expect((await clinic.within(auditWorkspace)).ok).toBe(true)
  })
})

describe('the ledger that is watched all the time', () => {
  it('is closed to reservations while it does not balance, and opened when it does', async () => {
    const frozen = () =>
      clinic.within(async ({ sql }) => (await sql`SELECT frozen_reason FROM workspaces`)[0]!.frozen_reason)
    const alter = (by: string) =>
      superuser.sql.begin(async (sql) => {
        await sql`SET LOCAL session_replication_role = replica`
        await sql.unsafe(`UPDATE accounts SET credits = credits ${by} WHERE kind = 'wallet'`)
      })
    expect(await clinic.within(watchLedger)).toEqual([])
    expect(await frozen()).toBeNull()
    await alter('+ 1')
    expect(await clinic.within(watchLedger)).toHaveLength(2)
    expect(await frozen()).toMatch(/wallet/)
    await alter('- 1')
    expect(await clinic.within(watchLedger)).toEqual([])
    expect(await frozen()).toBeNull()
  })
})

/** Rows are sealed once no older transaction is running, in whatever database of the server: other tests have some. */
function sealAll(stream: Stream): Promise<void> {
  return vi.waitFor(async () => {
    await clinic.within((scope) => sealStream(scope, stream))
    expect((await clinic.within((scope) => checkChain(scope, stream))).unsealed).toBe(0)
  }, 30_000)
}

/** Alters rows past every trigger and foreign key, audits, and takes it all back. */
async function auditAfter(tampering: string): Promise<{ checks: Check[] }> {
  const cause = {
    workspaceId: clinic.workspaceId,
    actor: { name: 'mallory', role: 'owner' as const },
    requestId: 'x',
  }
  const taken: Check[] = []
  const back = new Error('taken back')
  await superuser
    .within(cause, async (scope) => {
      await scope.sql`SET LOCAL session_replication_role = replica`
      const changed = await scope.sql.unsafe(fill(tampering))
      expect(changed.count, 'the tampering altered nothing').toBeGreaterThan(0)
      taken.push(...(await auditWorkspace(scope)).checks)
      throw back
    })
    .catch((error) => {
      if (error !== back) throw error
    })
  return { checks: taken }
}

/** `:settled`, `:sending` and so on stand for the campaigns that were played. */
function fill(sql: string): string {
  return sql.replace(
    /:(settled|sending|conversation|second)\b/g,
    (_, name: string) => `'${played[name as keyof Played]}'`,
  )
}

function figuresOf(checks: readonly Check[]) {
  return Object.fromEntries(checks.map((check) => [check.name, check.figures]))
}
