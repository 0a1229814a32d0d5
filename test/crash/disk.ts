import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mountSmallDisk } from '../support/small-disk.ts'

/** A disk that belongs to one run's database, so that it may be filled to the last byte. */
export type Disk = {
  readonly folder: string
  fill(): void
  free(): void
  close(): void
}

/** Room for an empty database and what a run writes to it. */
const SIZE_BYTES = 900_000_000

/** Undefined where none can be had, which is said loudly. */
export function openDisk(): Disk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'duecast-disk-'))
  const mounted = mountSmallDisk(folder, SIZE_BYTES)
  if (!mounted) {
    rmdirSync(folder)
    return undefined
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill: () => writeToTheEnd(ballast),
    free: () => rmSync(ballast, { force: true }),
    close() {
      mounted.unmount()
      rmdirSync(folder)
    },
  }
}

const BLOCK = Buffer.alloc(64 * 1024)

/** Until the disk takes no more, be it that others write too. */
function writeToTheEnd(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, BLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}
