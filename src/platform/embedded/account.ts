import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { EmbeddedDatabaseError } from './failure.ts'

/** The operating system's user that PostgreSQL runs as, when the program itself is root. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number }

const OWN_NAME = 'duecast'
/** PostgreSQL refuses to run as root; these are tried in this order before a user is made, the last one after. */
const PREFERRED = ['postgres', OWN_NAME]
const LAST_RESORT = 'nobody'

/**
 * Chooses the account for PostgreSQL: the program's own user (undefined) unless that is root; for root the owner of
 * an existing data folder, else `postgres`, else a system user `duecast` that is made, else `nobody`.
 * @throws EmbeddedDatabaseError `no_account`
 */
export function chooseAccount(owner?: { uid: number; gid: number }): Account | undefined {
  if (process.getuid?.() !== 0) {
    requireName()
    return undefined
  }
  if (owner && owner.uid !== 0) return findAccount((one) => one.uid === owner.uid) ?? nameless(owner)
  const preferred = PREFERRED.map((name) => findAccount((one) => one.name === name)).find(Boolean)
  const account = preferred ?? makeAccount() ?? findAccount((one) => one.name === LAST_RESORT)
  if (account) return account
  throw new EmbeddedDatabaseError(
    'no_account',
    'PostgreSQL does not run as root and no other user could be found or made: start as an ordinary user, or set DATABASE_URL.',
  )
}

/** A user without a name (a container started with a bare number) cannot run initdb; better to say so at once. */
function requireName(): void {
  try {
    userInfo()
  } catch (error) {
    throw new EmbeddedDatabaseError(
      'no_account',
      `The user ${process.getuid?.()} has no name on this system, which PostgreSQL needs: start as a named user, or set DATABASE_URL.`,
      { cause: error },
    )
  }
}

function nameless(owner: { uid: number; gid: number }): Account {
  return { name: String(owner.uid), ...owner }
}

function findAccount(fits: (account: Account) => boolean): Account | undefined {
  return listAccounts().find((account) => account.uid !== 0 && fits(account))
}

function listAccounts(): Account[] {
  try {
    return readFileSync('/etc/passwd', 'utf8').split('\n').map(parseAccount)
  } catch {
    return []
  }
}

function parseAccount(line: string): Account {
  const [name = '', , uid = '0', gid = '0'] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}

function makeAccount(): Account | undefined {
  const home = ['--no-create-home', '--home-dir', '/var/lib/duecast', '--shell', '/usr/sbin/nologin']
  spawnSync('useradd', ['--system', ...home, OWN_NAME], { env: plainEnvironment(), stdio: 'ignore' })
  return findAccount((account) => account.name === OWN_NAME)
}

export type Outcome = {
  /** The exit code; null when it did not start, was killed or took too long. */
  readonly code: number | null
  /** What it printed on both streams, the last part of it. */
  readonly output: string
}

const OUTPUT_LIMIT = 8_192

/** Runs a program to its end as `account`, with nothing of the caller's environment and no terminal. */
export function runAs(
  account: Account | undefined,
  program: string,
  words: readonly string[],
  options: { readonly timeoutMs: number; readonly input?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = ''
    const collect = (chunk: Buffer) => {
      output = `${output}${chunk.toString('utf8')}`.slice(-OUTPUT_LIMIT)
    }
    try {
      const child = spawn(program, words, {
        ...identity(account),
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
      })
      child.once('error', (error) => resolve({ code: null, output: error.message }))
      child.once('close', (code) => resolve({ code, output }))
      child.stdout.on('data', collect)
      child.stderr.on('data', collect)
      child.stdin.on('error', () => undefined)
      child.stdin.end(options.input ?? '')
    } catch (error) {
      // A container may not let root become another user; that is thrown where most failures are emitted.
      resolve({ code: null, output: error instanceof Error ? error.message : String(error) })
    }
  })
}

/** The spawn options with which a program runs as `account`: its ids, the root folder, a plain environment. */
export function identity(account: Account | undefined) {
  const ids = account ? { uid: account.uid, gid: account.gid } : {}
  return { ...ids, cwd: '/', env: plainEnvironment() }
}

/** PG*, LD_* and LC_* of whoever starts the program must not reach the database. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const path = [process.env.PATH, '/usr/sbin:/usr/bin:/sbin:/bin'].filter(Boolean).join(':')
  return { PATH: path, LC_ALL: 'C', TZ: 'UTC' }
}
