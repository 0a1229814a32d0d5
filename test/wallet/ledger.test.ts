import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asOwner } from '../../src/house.ts'
import { type Sql, sqlState } from '../../src/platform/db.ts'
import { type Books, booksOf, type Clinic, openClinic } from '../campaigns/clinic.ts'
import { fill, type Names, namesOf } from '../mutation/constraints.ts'
import { EFFECTS, ILLEGAL } from './statements.ts'

let clinic: Clinic
let names: Names
let before: Books

beforeAll(async () => {
  clinic = await openClinic()
  names = await namesOf(clinic, await clinic.openNeighbour())
}, 60_000)

beforeEach(async () => {
  before = await booksOf(clinic)
})

afterAll(() => clinic?.close())

describe('what the database refuses by itself', () => {
  const rows = ILLEGAL.map((illegal) => ({
    ...illegal,
    asOwner: illegal.owner ?? illegal.program,
  }))

  it.each(rows)('$what, to the program’s own role ($program)', async ({ sql, program }) => {
    const refusal = await clinic.within((scope) => attempt(scope.sql, sql)).catch(sqlState)
    expect(refusal).toBe(program)
    expect(await booksOf(clinic)).toEqual(before)
  })

  it.each(rows)('$what, to the owner of the tables ($asOwner)', async ({ sql, asOwner: code }) => {
    const refusal = await asClinicsOwner((owner) => attempt(owner, sql)).catch(sqlState)
    expect(refusal).toBe(code)
    expect(await booksOf(clinic)).toEqual(before)
  })

  it.each(EFFECTS)('and does by itself: $what', async ({ sql, holds }) => {
    const [row] = await asClinicsOwner(async (owner) => {
      await owner.unsafe(fill(sql, names))
      const rows = await owner.unsafe<{ holds: boolean }[]>(`SELECT (${fill(holds, names)}) AS holds`)
      throw new Seen(rows)
    }).catch((error: unknown) => (error instanceof Seen ? error.rows : Promise.reject(error)))
    expect(row?.holds).toBe(true)
  })

  it('the whole statement, where one row of many is bad', async () => {
    const refusal = await clinic
      .within(
        ({ sql, workspaceId }) => sql`
          INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, reference, actor)
          SELECT gen_random_uuid(), ${workspaceId}, 'IDR', f.id, w.id, n, 'top_up', 'many-' || n, 'test'
            FROM accounts f, accounts w, generate_series(3, -1, -1) n WHERE f.kind = 'funding' AND w.kind = 'wallet'`,
      )
      .catch(sqlState)
    expect(refusal).toBe('23514')
    expect(await booksOf(clinic)).toEqual(before)
  })

  it('in the commit what was allowed in the statement: nothing, for there are no deferred constraints', async () => {
    const deferred = await clinic.within(
      ({ sql }) => sql`SELECT conname FROM pg_constraint WHERE condeferrable UNION ALL
        SELECT tgname FROM pg_trigger WHERE tgdeferrable`,
    )
    expect([...deferred]).toEqual([])
  })
})

/** Runs an illegal statement; where it goes through after all, it is at least taken back. */
async function attempt(sql: Sql, statement: string): Promise<never> {
  await sql.unsafe(fill(statement, names))
  throw new Error('it went through')
}

function asClinicsOwner<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
  const cause = {
    workspaceId: clinic.workspaceId,
    actor: { name: 'owner', role: 'owner' as const },
    requestId: 'x',
  }
  return asOwner(clinic.ownerUrl, { now: clinic.now }, (owner) =>
    owner.within(cause, (scope) => work(scope.sql)),
  )
}

/** What was seen in a transaction that is taken back. */
class Seen extends Error {
  readonly rows: readonly { holds: boolean }[]

  constructor(rows: readonly { holds: boolean }[]) {
    super('seen')
    this.rows = rows
  }
}
