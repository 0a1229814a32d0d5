import { mkdir } from 'node:fs/promises'
import { importSheet } from '../src/contacts/index.ts'
import type { House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import { takeInvoices, takePayments } from '../src/reminders/index.ts'
import { inSpan, logFor } from './in-span.ts'

/** Reads one uploaded sheet in a process of its own and takes its rows in. */
export function importOne(house: House): (job: Job) => Promise<void> {
  return async (job) => {
    const { workspaceId, importId } = job.data as { workspaceId: string; importId: string }
    const log = logFor(house, job.origin)
    await mkdir(house.uploadDir, { recursive: true, mode: 0o700 })
    const about = { parent: job.origin?.traceparent, facts: { 'duecast.import_id': importId } }
    await inSpan(house, job, about, async (span) => {
      const outcome = await importSheet(
        {
          within: (work) => house.asSystem('import', workspaceId, work),
          folder: house.uploadDir,
          signal: job.signal,
          takeInvoices,
          takePayments,
          onCrash: (crash) => log.warn({ importId, crash }, 'the process that read a sheet ended early'),
        },
        importId,
      )
      span.note({ 'duecast.outcome': outcome })
      log.info({ importId, outcome }, 'import ended')
    })
  }
}
