import { randomBytes } from 'node:crypto'
import postgres from 'postgres'

/** The database of the suite, as its owner. Files that share it make workspaces of their own. */
export function sharedDatabaseUrl(): string {
  return required('TEST_DATABASE_URL')
}

/**
 * A database of its own for a test that runs workers or alters rows by hand: sweeps look across workspaces.
 * @returns its URL as the owner and as the superuser, and how to drop it
 */
export async function freshDatabase(): Promise<{
  ownerUrl: string
  superuserUrl: string
  drop(): Promise<void>
}> {
  const owner = new URL(required('TEST_DATABASE_URL'))
  const superuser = new URL(required('TEST_SUPERUSER_URL'))
  const name = `t_${randomBytes(6).toString('hex')}`
  const admin = postgres(superuser.toString(), { max: 1, onnotice: () => {} })
  await admin.unsafe(`CREATE DATABASE ${name} OWNER "${decodeURIComponent(owner.username)}"`)
  await admin.end()
  owner.pathname = `/${name}`
  superuser.pathname = `/${name}`
  return { ownerUrl: owner.toString(), superuserUrl: superuser.toString(), drop: () => drop(name) }
}

async function drop(name: string): Promise<void> {
  const admin = postgres(required('TEST_SUPERUSER_URL'), { max: 1, onnotice: () => {} })
  await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await admin.unsafe(`DROP ROLE IF EXISTS "${name}_program"`)
  await admin.end()
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is set by test/support/global-setup.ts, which did not run`)
  return value
}
