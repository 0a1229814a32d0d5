import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BYTEA_ARRAY, type Database, listOf, openDatabase } from '../../src/platform/db.ts'
import { sharedDatabaseUrl } from '../support/database.ts'

let database: Database
beforeAll(() => {
  database = openDatabase(sharedDatabaseUrl(), { now: () => new Date() }, { poolSize: 1 })
})
afterAll(() => database?.close())

describe('a new connection', () => {
  it('asks the database for nothing by itself: what failed then would end the process', () => {
    expect(database.sql.options).toMatchObject({ fetch_types: false })
  })

  it('that a caller reserves for itself answers', async () => {
    const fresh = openDatabase(sharedDatabaseUrl(), { now: () => new Date() }, { poolSize: 1 })
    const connection = await fresh.sql.reserve()
    expect(await connection`SELECT 1 AS one`).toEqual([{ one: 1 }])
    connection.release()
    await fresh.close()
  })
})

describe('lists of every type that the program uses', () => {
  it('come back as they went', async () => {
    const { sql } = database
    const id = '00000000-0000-7000-8000-000000000001'
    const [row] = await sql`
      SELECT ${['a', 'b,c', 'NULL', '', ' ', '"', '\\', '{x}', null] as string[]}::text[] AS texts, ${[id]}::uuid[] AS uuids,
             ${[1, -2]}::int[] AS ints, ${[3]}::smallint[] AS smallints, ${listOf([9007199254740993n])}::bigint[] AS bigints,
             ${listOf([true, false, null])}::boolean[] AS booleans,
             ${sql.array([Buffer.from([0, 255]), Buffer.alloc(0)], BYTEA_ARRAY)} AS bytes, ${[]}::text[] AS none,
             ARRAY['{"a": [1, "}"]}']::jsonb[] AS documents, ARRAY[1.5::float8] AS floats`
    expect(row).toEqual({
      texts: ['a', 'b,c', 'NULL', '', ' ', '"', '\\', '{x}', null],
      uuids: [id],
      ints: [1, -2],
      smallints: [3],
      bigints: [9007199254740993n],
      booleans: [true, false, null],
      bytes: [Buffer.from([0, 255]), Buffer.alloc(0)],
      none: [],
      documents: [{ a: [1, '}'] }],
      floats: [1.5],
    })
  })

  it('whatever stands in a text', async () => {
    const text = fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0'))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(text, fc.constantFrom('NULL', 'null', '\n', "'"))),
        async (texts) => {
          const [row] = await database.sql<{ own: string[]; list: string[] }[]>`
          SELECT ${texts}::text[] AS own, ${listOf(texts)}::text[] AS list`
          expect(row).toEqual({ own: texts, list: texts })
        },
      ),
      { numRuns: 100 },
    )
  })
})
