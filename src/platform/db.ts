import type { PgDatabase } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { ARRAY_TYPES } from './array-types.ts'
import type { Clock } from './clock.ts'
import type { Actor, LastStatement, Scope } from './scope.ts'

export type Db = PgDatabase<PostgresJsQueryResultHKT, Record<string, unknown>>
export type SqlClient = postgres.Sql<{ bigint: bigint }>
export type Sql = postgres.TransactionSql<{ bigint: bigint }>
/** Either of them: for what may be asked within a transaction and without one. */
export type AnySql = postgres.ISql<{ bigint: bigint }>

export const APPLICATION_NAME = 'duecast'
const CONNECT_TIMEOUT_SECONDS = 10
const IDLE_TIMEOUT_SECONDS = 60
/** A statement that runs longer than this holds locks that others wait for; only migrations and audits may. */
const STATEMENT_TIMEOUT_MS = 120_000

export type Database = {
  readonly sql: SqlClient
  /** One transaction behind the wall of `workspaceId`; serialisation failures and deadlocks are tried again. */
  within<T>(cause: Cause, work: (scope: Scope) => Promise<T>): Promise<T>
  /**
   * One statement, committed by itself behind the same wall. It travels together with its commit, so that what it locks
   * is locked for as long as the database needs and no longer: for what many do to the same rows all the time. A
   * connection plans it once, whatever its values, and to go in one pass: see `inOnePass`.
   */
  once<Rows>(cause: Cause, statement: Statement<Rows>): Promise<Rows>
  close(): Promise<void>
}

/** Of a scope, what one statement can use. */
export type StatementScope = Pick<Scope, 'sql' | 'now' | 'workspaceId'>
export type Statement<Rows> = (scope: StatementScope) => PromiseLike<Rows>
export type Cause = { workspaceId: string; actor: Actor; requestId: string; traceparent?: string | undefined }

/**
 * Opens a pool as the role that the URL names. Instants come back as text in UTC and `int8` as bigint: drizzle
 * switches the client's own date parsers off, and this pool is drizzle's.
 */
export function openDatabase(url: string, clock: Clock, options: { poolSize: number }): Database {
  const sql = postgres(url, {
    max: options.poolSize,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    idle_timeout: IDLE_TIMEOUT_SECONDS,
    fetch_types: false,
    types: { bigint: postgres.BigInt, ...ARRAY_TYPES },
    onnotice: () => {},
    connection: {
      application_name: APPLICATION_NAME,
      TimeZone: 'UTC',
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // Before version 18, a way that is shut out counts as endlessly dear, and what is dear is compiled.
      jit: 'off',
    },
  }) as unknown as SqlClient
  const root = drizzle(sql)
  return {
    sql,
    within: (cause, work) => retrying(() => oneTransaction(root, clock, cause, work)),
    once: (cause, statement) => retrying(() => oneStatement(sql, clock, cause, statement)),
    close: () => sql.end({ timeout: 5 }),
  }
}

async function oneTransaction<T>(
  root: ReturnType<typeof drizzle>,
  clock: Clock,
  cause: Cause,
  work: (scope: Scope) => Promise<T>,
): Promise<T> {
  const afterCommit: (() => void | Promise<void>)[] = []
  const withCommit: LastStatement[] = []
  const answer = await root.transaction(async (tx) => {
    const sql = rawClientOf(tx)
    await sql`SELECT set_config('app.workspace_id', ${cause.workspaceId}, true)`
    const answer = await work({
      db: tx,
      sql,
      now: clock.now(),
      ...cause,
      withCommit: (statement) => void withCommit.push(statement),
      afterCommit: (action) => void afterCommit.push(action),
    })
    const last = withCommit.map((statement) => statement()).filter((statement) => statement !== undefined)
    if (last.length > 0) await commitAfter(sql, ...last)
    return answer
  })
  for (const action of afterCommit) await action()
  return answer
}

async function oneStatement<Rows>(
  client: SqlClient,
  clock: Clock,
  { workspaceId }: Cause,
  statement: Statement<Rows>,
): Promise<Rows> {
  const answer = await client.begin(async (sql) => {
    const [, rows] = await commitAfter(
      sql,
      sql`SELECT set_config('app.workspace_id', ${workspaceId}, true), ${joining(sql, BY_HASHING)},
                 set_config('plan_cache_mode', 'force_generic_plan', true)`,
      statement({ sql, now: clock.now(), workspaceId }),
    )
    return rows
  })
  return answer as Rows
}

/**
 * The last statements of a transaction and its commit, sent in one go. The commit is chained to another transaction, an
 * empty one for the driver's own COMMIT or ROLLBACK to end: a driver that sees a connection outside of any transaction
 * gives it to whoever waits, and would end theirs.
 */
function commitAfter<Answers extends PromiseLike<unknown>[]>(sql: Sql, ...statements: Answers) {
  return Promise.all([...statements, sql.unsafe('COMMIT AND CHAIN')] as const)
}

/**
 * For the rest of a transaction rows are found by their keys. A plan is kept as long as its connection, and one that
 * was made while a table was almost empty would read all of it until the database has looked at it again.
 *
 * That leaves reading all of a table in the order of its key. Where rows are looked up for others it is shut out by
 * `m.id = ANY(ARRAY[o.id])` instead of `m.id = o.id`, since the planner can neither merge by that nor sort by it: order
 * by the key of the others, too.
 */
export function goByKeys(sql: Sql): PromiseLike<unknown> {
  return sql`SELECT ${joining(sql, BY_KEYS)}`
}

/**
 * One statement for many rows, after which the transaction goes by keys: each table is read once, by the list of all keys
 * that are wanted (`m.id = ANY(…)` beside `m.id = o.id`), and joined to the others by hashing. A thousand rows cost a third
 * of what a thousand look-ups do. `test/delivery/cost.test.ts` counts what is read by plans that were made while the
 * tables were almost empty.
 */
export async function inOnePass<Rows>(sql: Sql, statement: PromiseLike<Rows>): Promise<Rows> {
  const [, rows] = await Promise.all([sql`SELECT ${joining(sql, BY_HASHING)}`, statement, goByKeys(sql)])
  return rows
}

/**
 * One statement that gives a page of rows: they are read in the order of a key until the page is full, and what belongs to
 * them is found by its keys. A plan that was made while the tables were almost empty would sort all that there are for
 * each page. Without `isInOrder` it may sort: for few rows which have no such order. Afterwards the transaction goes by
 * the settings of its connection.
 */
export async function aPageByKeys<Rows>(
  sql: Sql,
  statement: PromiseLike<Rows>,
  isInOrder: boolean,
): Promise<Rows> {
  const sorting = isInOrder ? 'off' : 'on'
  const [, rows] = await Promise.all([
    sql`SELECT ${joining(sql, BY_KEYS)}, set_config('enable_sort', ${sorting}, true)`,
    statement,
    sql`SELECT set_config(name, NULL, true) FROM unnest(${listOf(WAYS)}::text[]) AS name`,
  ])
  return rows
}

const WAYS = ['nestloop', 'hashjoin', 'seqscan', 'mergejoin', 'material', 'sort'].map(
  (way) => `enable_${way}`,
)

type Ways = { readonly nestloop: 'on' | 'off'; readonly hashjoin: 'on' | 'off' }
const BY_KEYS: Ways = { nestloop: 'on', hashjoin: 'off' }
const BY_HASHING: Ways = { nestloop: 'off', hashjoin: 'on' }

function joining(sql: Sql, { nestloop, hashjoin }: Ways) {
  return sql`set_config('enable_nestloop', ${nestloop}, true), set_config('enable_hashjoin', ${hashjoin}, true),
             set_config('enable_seqscan', 'off', true), set_config('enable_mergejoin', 'off', true),
             set_config('enable_material', 'off', true)`
}

/**
 * For the rest of a transaction, room to sort and join a million rows without going through files. It is taken as far
 * as it is needed only, and an operator's larger setting stays.
 */
export function roomForMany(sql: Sql): PromiseLike<unknown> {
  return sql`SELECT set_config('work_mem', '64MB', true) WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')`
}

/**
 * For the rest of a transaction a query that only reads may use a second processor. What it joins by stays in each
 * process's own memory: what they would share lies in /dev/shm, of which a container has 64 MB.
 */
export function inTwo(sql: Sql): PromiseLike<unknown> {
  return sql`SELECT set_config('max_parallel_workers_per_gather', '1', true), set_config('parallel_tuple_cost', '0', true),
                    set_config('enable_parallel_hash', 'off', true)`
}

/** Drizzle keeps the transaction's own client to itself; set-based statements need it in the same transaction. */
function rawClientOf(tx: unknown): Sql {
  return (tx as { session: { client: Sql } }).session.client
}

/** Deadlock and serialisation failure: the transaction had no effect and may simply run again. */
const TRY_AGAIN = new Set(['40001', '40P01'])
const MOST_TRIES = 10

async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries >= MOST_TRIES || !TRY_AGAIN.has(sqlState(error) ?? '')) throw error
    }
  }
}

/** The SQLSTATE of a database error, through drizzle's wrapper; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof postgres.PostgresError) return error.code
  if (error instanceof Error && error.cause !== undefined) return sqlState(error.cause)
  return undefined
}

/** The constraint that refused a statement, if one did. */
export function refusedBy(error: unknown): string | undefined {
  if (error instanceof postgres.PostgresError) return error.constraint_name
  if (error instanceof Error && error.cause !== undefined) return refusedBy(error.cause)
  return undefined
}

/** An instant as the database writes it (`2026-12-01 02:00:00+00`) in RFC 3339, or null. */
export function instant(text: string | null): string | null {
  return text === null ? null : new Date(text).toISOString()
}

/** PostgreSQL's number for `bytea[]`, for `sql.array(buffers, BYTEA_ARRAY)`. */
export const BYTEA_ARRAY = 1001

/**
 * A list for `${listOf(…)}::bigint[]` and the like, as PostgreSQL writes one; the cast says of what. The driver's own
 * lists cost several times as much and take their type from the first member alone.
 */
export function listOf(values: readonly Member[]): string {
  return `{${values.map(memberText).join(',')}}`
}

const PLAIN_MEMBER = /^(?!null$)[\w.:+-]+$/i

function memberText(value: Member): string {
  if (value === null) return 'NULL'
  if (typeof value !== 'string') return String(value)
  return PLAIN_MEMBER.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`
}

/** What a list may hold. */
type Member = string | number | bigint | boolean | null

/**
 * What many rows have nearly always in common: each different row of it travels once, and the many name its number, counted
 * from 1 as by WITH ORDINALITY. Ask for columns when all numbers are known.
 */
export function sharedRows<Row extends readonly Member[]>() {
  const numbers = new Map<string, number>()
  const rows: Row[] = []
  return {
    numberOf(...row: Row): number {
      const at = rows.length <= FEW ? rows.findIndex((one) => isSame(one, row)) : -1
      if (at >= 0) return at + 1
      const key = keyOf(row)
      const known = numbers.get(key)
      if (known === undefined) numbers.set(key, rows.push(row))
      return known ?? rows.length
    },
    column: (at: keyof Row & number): string => listOf(rows.map((row) => row[at] as Member)),
  }
}

/** So many rows are looked through faster than the key of one is made. */
const FEW = 8

function isSame(one: readonly Member[], other: readonly Member[]): boolean {
  return one.every((value, at) => value === other[at])
}

/** A text stands behind its length, so that no two rows have one key. */
function keyOf(row: readonly Member[]): string {
  let key = ''
  for (const value of row) key += typeof value === 'string' ? `${value.length}:${value},` : `${value},`
  return key
}
