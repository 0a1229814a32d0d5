import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SOURCES = [...filesIn('src'), ...filesIn('workers')]
const NOT_ROOMS = ['platform', 'api', 'console', 'cli', 'simulator']

/** Where the environment may be read: once at boot, for the terminal's own habits, and to give a child less of it. */
const READS_ENVIRONMENT = [
  'src/platform/config.ts',
  'src/cli/terminal.ts',
  'src/contacts/sheet/spawn.ts',
  'src/platform/embedded/account.ts',
  'src/platform/embedded/processes.ts',
]

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

describe('the furniture of the house', () => {
  it('is all there to be looked at', () => {
    expect(SOURCES.length).toBeGreaterThan(150)
  })

  it('has no drawer for what has no home', () => {
    const drawers = /(^|\/|-)(utils?|helpers?|common|misc|services?|managers?)(-|\.|\/|$)/
    expect(SOURCES.filter((file) => drawers.test(file))).toEqual([])
  })

  it('names files in small letters and dashes', () => {
    expect(SOURCES.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(basename(file)))).toEqual([])
  })

  it('gives every room a door', () => {
    const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !NOT_ROOMS.includes(entry.name))
      .map((entry) => entry.name)
    expect(rooms.length).toBeGreaterThan(6)
    expect(rooms.filter((room) => !existsSync(join(ROOT, 'src', room, 'index.ts')))).toEqual([])
  })

  it('reads the environment in one place', () => {
    const readers = SOURCES.filter((file) => /process\.env\b/.test(textOf(file)))
    expect(readers.filter((file) => !READS_ENVIRONMENT.includes(file))).toEqual([])
  })

  it('speaks through the log and the terminal, never through console', () => {
    expect(SOURCES.filter((file) => /\bconsole\.(log|error|warn|info|debug)\(/.test(textOf(file)))).toEqual(
      [],
    )
  })

  it('never makes a float of money', () => {
    const floats = /parseFloat\(|\bNumber\([^)]*(?:amount|price|balance|total)Minor/
    expect(SOURCES.filter((file) => floats.test(textOf(file)))).toEqual([])
  })

  it('has nothing half done', () => {
    expect(SOURCES.filter((file) => /\b(TO-?DO|FIX-?ME|XXX|HACK)\b/.test(textOf(file)))).toEqual([])
  })

  it('keeps the tables of rooms out of the doors’ hands', () => {
    const doors = SOURCES.filter((file) => /^(src\/(api|console|cli)|workers)\//.test(file))
    expect(doors.filter((file) => /from '.*\/tables\.ts'/.test(textOf(file)))).toEqual([])
  })
})
