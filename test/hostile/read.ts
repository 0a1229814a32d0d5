import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSheet } from '../../src/contacts/sheet/open.ts'
import { SheetRefused, type SheetRow } from '../../src/contacts/sheet/row-source.ts'
import type { HostileFile } from './sheets.ts'

export type Taken = { read: number; refused: number; faults: string[]; slowestMs: number }

const MOST_MS = 20_000

/**
 * Reads files as the child process of an import does: each is read or refused with a code, none ends otherwise, and
 * none takes longer than the program would wait.
 */
export async function readAll(files: Iterable<HostileFile>): Promise<Taken> {
  const folder = mkdtempSync(join(tmpdir(), 'duecast-hostile-'))
  const path = join(folder, 'file.bin')
  const taken: Taken = { read: 0, refused: 0, faults: [], slowestMs: 0 }
  try {
    for (const { what, bytes } of files) {
      writeFileSync(path, bytes)
      const startedAt = performance.now()
      const fault = await readOne(path, taken)
      const ms = performance.now() - startedAt
      taken.slowestMs = Math.max(taken.slowestMs, ms)
      if (fault) taken.faults.push(`${what}: ${fault}`)
      if (ms > MOST_MS) taken.faults.push(`${what}: took ${Math.round(ms)} ms`)
    }
    return taken
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The rows of a file's first sheet. @throws SheetRefused */
export async function rowsOf(bytes: Buffer): Promise<SheetRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'duecast-hostile-'))
  const path = join(folder, 'file.bin')
  writeFileSync(path, bytes)
  try {
    const source = await openSheet(path, () => {})
    const rows: SheetRow[] = []
    for await (const some of source.rows(0)) rows.push(...some)
    source.close()
    return rows
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function readOne(path: string, taken: Taken): Promise<string | undefined> {
  try {
    const source = await openSheet(path, () => {})
    try {
      // A workbook without a sheet has nothing to choose from, which an import refuses as having no rows.
      if (source.pages.length === 0) throw new SheetRefused('no_rows', 'no sheet')
      for await (const _ of source.rows(0));
    } finally {
      source.close()
    }
    taken.read += 1
  } catch (error) {
    if (!(error instanceof SheetRefused)) return `${(error as Error).name}: ${(error as Error).message}`
    taken.refused += 1
  }
  return undefined
}
