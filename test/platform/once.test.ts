import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/platform/clock.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { refuse } from '../../src/platform/result.ts'
import { undoIfRefused } from '../../src/platform/savepoint.ts'
import type { Scope } from '../../src/platform/scope.ts'
import { freshDatabase } from '../support/database.ts'

let own: Awaited<ReturnType<typeof freshDatabase>>
/** One connection, so that whoever waits for it gets it the moment that another gives it back. */
let database: Database
beforeAll(async () => {
  own = await freshDatabase()
  database = openDatabase(own.ownerUrl, systemClock, { poolSize: 1 })
  await database.sql`CREATE TABLE kept (n int PRIMARY KEY)`
}, 60_000)
afterAll(async () => {
  await database?.close()
  await own?.drop()
}, 60_000)

const cause = {
  workspaceId: '00000000-0000-7000-8000-000000000000',
  actor: { name: 'test', role: 'owner' as const },
  requestId: 'test',
}

it('a statement that travels with its commit ends no transaction but its own', async () => {
  const once = database.once(cause, ({ sql }) => sql`INSERT INTO kept VALUES (1) RETURNING n`)
  const failing = database.within(cause, async ({ sql }) => {
    await sql`INSERT INTO kept VALUES (2)`
    const [wall] = await sql<{ id: string }[]>`SELECT current_setting('app.workspace_id', true) AS id`
    expect(wall!.id).toBe(cause.workspaceId)
    throw new Error('of the second')
  })
  expect([...(await once)]).toEqual([{ n: 1 }])
  await expect(failing).rejects.toThrow('of the second')
  expect([...(await database.sql`SELECT n FROM kept ORDER BY n`)]).toEqual([{ n: 1 }])
}, 20_000)

it('many that wait for few connections all come to their end', async () => {
  const all = Array.from({ length: 50 }, (_, i) =>
    i % 2 === 0
      ? database.once(cause, ({ sql }) => sql`INSERT INTO kept VALUES (${100 + i}) RETURNING n`)
      : database.within(cause, ({ sql }) => sql`INSERT INTO kept VALUES (${100 + i}) RETURNING n`),
  )
  expect((await Promise.all(all)).map(([row]) => row!.n)).toEqual(all.map((_, i) => 100 + i))
}, 20_000)

it('one that fails leaves nothing, and its connection to the next', async () => {
  await expect(database.once(cause, ({ sql }) => sql`INSERT INTO kept VALUES (1)`)).rejects.toThrow(
    'duplicate',
  )
  expect([...(await database.once(cause, ({ sql }) => sql`SELECT 7 AS n`))]).toEqual([{ n: 7 }])
})

describe('what a transaction sends with its commit', () => {
  it('is written with all the rest, after it, and lets a connection go that others can use', async () => {
    const answer = await database.within(cause, async (scope) => {
      scope.withCommit(() => scope.sql`INSERT INTO kept SELECT max(n) + 1 FROM kept WHERE n > 200`)
      await scope.sql`INSERT INTO kept VALUES (201)`
      return 'done'
    })
    expect(answer).toBe('done')
    expect([...(await database.sql`SELECT n FROM kept WHERE n > 200 ORDER BY n`)]).toEqual([
      { n: 201 },
      { n: 202 },
    ])
  })

  it('takes all the rest with it when it fails, and what was to follow the commit', async () => {
    let hasFollowed = false
    const failing = database.within(cause, async (scope) => {
      scope.withCommit(() => scope.sql`INSERT INTO kept VALUES (1)`)
      scope.afterCommit(() => {
        hasFollowed = true
      })
      await scope.sql`INSERT INTO kept VALUES (301)`
    })
    await expect(failing).rejects.toThrow('duplicate')
    expect(hasFollowed).toBe(false)
    expect([...(await database.sql`SELECT n FROM kept WHERE n > 300`)]).toEqual([])
  })

  it('is not sent when the work before it has failed', async () => {
    const failing = database.within(cause, async (scope) => {
      scope.withCommit(() => scope.sql`INSERT INTO kept VALUES (401)`)
      throw new Error('of the work')
    })
    await expect(failing).rejects.toThrow('of the work')
    expect([...(await database.sql`SELECT n FROM kept WHERE n > 400`)]).toEqual([])
  })

  it('is dropped with a savepoint that was refused, and kept with one that was not', async () => {
    const insertLast = (n: number, ok: boolean) => async (scope: Scope) => {
      scope.withCommit(() => scope.sql`INSERT INTO kept VALUES (${n})`)
      return ok ? { ok: true as const, value: n } : refuse('forbidden', 'No.')
    }
    await database.within(cause, async (scope) => {
      await undoIfRefused(scope, insertLast(501, false))
      await undoIfRefused(scope, insertLast(502, true))
    })
    expect([...(await database.sql`SELECT n FROM kept WHERE n > 500`)]).toEqual([{ n: 502 }])
  })
})
