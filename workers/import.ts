import { mkdir } from 'node:fs/promises'
import { importSheet } from '../src/contacts/index.ts'
import type { House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import { takeInvoices, takePayments } from '../src/reminders/index.ts'

/** Reads one uploaded sheet in a process of its own and takes its rows in. */
export function importOne(house: House): (job: Job) => Promise<void> {
  return async ({ data, signal }) => {
    const { workspaceId, importId } = data as { workspaceId: string; importId: string }
    await mkdir(house.uploadDir, { recursive: true, mode: 0o700 })
    const outcome = await importSheet(
      {
        within: (work) => house.asSystem('import', workspaceId, work),
        folder: house.uploadDir,
        signal,
        takeInvoices,
        takePayments,
        onCrash: (crash) => house.log.warn({ importId, crash }, 'the process that read a sheet ended early'),
      },
      importId,
    )
    house.log.info({ importId, outcome }, 'import ended')
  }
}
