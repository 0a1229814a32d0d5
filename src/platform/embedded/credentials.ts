import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EmbeddedDatabaseError, folderFailure } from './failure.ts'

const SUPERUSER = 'postgres'
const OWNER = 'duecast'
const DATABASE = 'duecast'

const login = z.object({ user: z.string(), password: z.string() })
const schema = z.object({ superuser: login, owner: login, database: z.string() })

/** Both logins of an embedded database. The program uses the owner's; the superuser's is for operators. */
export type Credentials = z.infer<typeof schema>

/** New random passwords. */
export function makeCredentials(): Credentials {
  return {
    superuser: { user: SUPERUSER, password: newPassword() },
    owner: { user: OWNER, password: newPassword() },
    database: DATABASE,
  }
}

/** What an operator finds beside the data; readable by its owner and root only. */
export async function writeSecret(path: string, content: object): Promise<void> {
  const aside = `${path}.new`
  await writeFile(aside, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(aside, path)
}

export function credentialsFile(folder: string): string {
  return join(folder, 'credentials.json')
}

/** The credentials kept in `folder`, or undefined if there are none. */
export async function readCredentials(folder: string): Promise<Credentials | undefined> {
  const path = credentialsFile(folder)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw folderFailure(error, path)
  }
  return parseCredentials(text, path)
}

/** The address of the database for one of its logins; passwords are made of characters a URL takes as they are. */
export function urlFor(who: { user: string; password: string }, port: number, database: string): string {
  return `postgres://${who.user}:${who.password}@127.0.0.1:${port}/${database}`
}

/**
 * Statements for a single-user session, one a line: they make the owner's role and database if need be and set both
 * passwords. The owner can make roles, and can neither pass row-level security nor become superuser.
 */
export function loginStatements(credentials: Credentials, fresh: boolean): string {
  const { superuser, owner, database } = credentials
  const attributes = 'LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS'
  return [
    `ALTER ROLE ${superuser.user} PASSWORD '${superuser.password}'`,
    `${fresh ? 'CREATE' : 'ALTER'} ROLE ${owner.user} ${attributes} PASSWORD '${owner.password}'`,
    ...(fresh ? [`CREATE DATABASE ${database} OWNER ${owner.user}`] : []),
    '',
  ].join('\n')
}

function newPassword(): string {
  return randomBytes(24).toString('base64url')
}

function parseCredentials(text: string, path: string): Credentials {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new EmbeddedDatabaseError(
      'credentials_refused',
      `${path} is damaged: remove it, and new passwords are made at the next start.`,
      { cause: error },
    )
  }
}
