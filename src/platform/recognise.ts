import { type SqlClient, sqlState } from './db.ts'

/** Why nothing is sent, and since when (RFC 3339). */
export type Held = { readonly because: string; readonly since: string }

const COPIED = 'this database was restored from a backup or copied from another installation'

/**
 * Compares where the database lives with where it lived before, and holds all sending back where that has changed: a
 * dump that was restored has another number, a point-in-time recovery another time line, a copied folder another place.
 * A database that is new, or that is asked for the first time, is taken for the one.
 * @param sql the owner's
 * @param place what tells an embedded database's folder from a copy of it
 * @returns the hold, old or new; undefined when messages may be sent
 */
export async function recogniseInstallation(sql: SqlClient, place = ''): Promise<Held | undefined> {
  const identity = await identityOf(sql, place)
  await sql`UPDATE installation SET identity = ${identity} WHERE identity IS NULL`
  await sql`
    UPDATE installation SET identity = ${identity}, held_at = coalesce(held_at, clock_timestamp()),
           held_because = coalesce(held_because, ${COPIED})
     WHERE identity <> ${identity}`
  return findHold(sql)
}

/** The hold on all sending, if there is one. */
export async function findHold(sql: SqlClient): Promise<Held | undefined> {
  const [row] = await sql<{ held_at: string | null; held_because: string | null }[]>`
    SELECT held_at, held_because FROM installation`
  if (!row?.held_at) return undefined
  return { because: row.held_because!, since: new Date(row.held_at).toISOString() }
}

/** Holds all sending back, whatever the place. */
export async function holdSending(sql: SqlClient, because: string): Promise<void> {
  await sql`UPDATE installation SET held_at = coalesce(held_at, clock_timestamp()), held_because = ${because}`
}

/** Lets messages be sent again. */
export async function liftHold(sql: SqlClient): Promise<void> {
  await sql`UPDATE installation SET held_at = NULL, held_because = NULL`
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** The cluster, its time line, the database in it, and the folder. A provider may keep the first two to itself. */
async function identityOf(sql: SqlClient, place: string): Promise<string> {
  const [database] = await sql<{ oid: string }[]>`
    SELECT oid::text AS oid FROM pg_database WHERE datname = current_database()`
  const cluster = await clusterOf(sql)
  return [cluster, database!.oid, place].join('/')
}

async function clusterOf(sql: SqlClient): Promise<string> {
  try {
    const [row] = await sql<{ cluster: string }[]>`
      SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||
             (SELECT timeline_id FROM pg_control_checkpoint()) AS cluster`
    return row!.cluster
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error
    return ''
  }
}
