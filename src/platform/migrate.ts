import { createHmac } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyPending } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url))
/** One migration at a time for a database; the number is arbitrary and ours. */
const MIGRATION_LOCK = 7_203_114_015
/** A migration that cannot get its locks soon must not queue everybody else behind it. */
const LOCK_TIMEOUT_MS = 5_000

/**
 * Brings the database up to date as its owner, makes the program's own restricted role, and returns the URL with
 * which the program connects from then on: a login of its own that owns nothing and cannot pass the walls.
 * @param ownerUrl a role that owns its database and may create roles
 */
export async function migrate(ownerUrl: string): Promise<{ programUrl: string }> {
  const sql = postgres(ownerUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'duecast migrate' },
  })
  try {
    await sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`
    await sql`SELECT set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}`}, false)`
    await applyPending(drizzle(sql), { migrationsFolder: MIGRATIONS })
    const role = programRole(ownerUrl)
    await makeRole(sql, role)
    await sql`SELECT grant_program(${role.name})`
    await allowQueueSchema(sql, role)
    return { programUrl: urlOf(ownerUrl, role) }
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** The URL of the restricted role, for programs that do not migrate: it follows from the owner's URL alone. */
export function programUrlOf(ownerUrl: string): string {
  return urlOf(ownerUrl, programRole(ownerUrl))
}

type Role = { name: string; password: string }

/** Every machine that knows DATABASE_URL derives the same role and password; nobody else can. */
function programRole(ownerUrl: string): Role {
  const url = new URL(ownerUrl)
  const database = decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username)
  const password = createHmac('sha256', `${url.username}:${url.password}`)
    .update(`duecast program role of ${database}`)
    .digest('base64url')
  return { name: `${database.slice(0, 50)}_program`, password }
}

async function makeRole(sql: postgres.Sql, role: Role): Promise<void> {
  const [found] = await sql`SELECT 1 FROM pg_roles WHERE rolname = ${role.name}`
  const name = `"${role.name.replaceAll('"', '""')}"`
  const command = found ? 'ALTER ROLE' : 'CREATE ROLE'
  const attributes = found ? '' : 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS'
  await sql.unsafe(`${command} ${name} ${attributes} PASSWORD '${role.password}'`)
}

/** Where there is no Redis, the queue's tables live in a schema that the program's own role makes and owns. */
async function allowQueueSchema(sql: postgres.Sql, role: Role): Promise<void> {
  const [row] = await sql<{ name: string }[]>`SELECT quote_ident(current_database()) AS name`
  await sql.unsafe(`GRANT CREATE ON DATABASE ${row!.name} TO "${role.name.replaceAll('"', '""')}"`)
}

function urlOf(ownerUrl: string, role: Role): string {
  const url = new URL(ownerUrl)
  url.username = encodeURIComponent(role.name)
  url.password = encodeURIComponent(role.password)
  return url.toString()
}
