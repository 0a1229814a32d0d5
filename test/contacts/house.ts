import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImportHouse, importSheet, type ReceivedFile, receiveFile } from '../../src/contacts/index.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { unwrap } from '../../src/platform/result.ts'
import type { Role, Scope } from '../../src/platform/scope.ts'
import { takeInvoices, takePayments } from '../../src/reminders/index.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'
import { sharedDatabaseUrl } from '../support/database.ts'

/** 22 November 2026, a Sunday noon in Jakarta. */
export const NOON = new Date('2026-11-22T05:00:00.000Z')

export type Place = {
  readonly database: Database
  /** A folder for uploads and for files being read. */
  readonly folder: string
  /** Another moment from here on. */
  at(moment: Date): void
  openFirm(currency?: string): Promise<Firm>
  close(): Promise<void>
}

/** A workspace and one transaction in it, as somebody with a role. */
export type Firm = ImportHouse & {
  as<T>(role: Role, work: (scope: Scope) => Promise<T>): Promise<T>
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  /** Uploads a file and reads it at once; gives back the import's id. */
  upload(file: Partial<ReceivedFile> & { path: string }): Promise<string>
}

/** A migrated database with a clock that stands still. Test files share it and make workspaces of their own. */
export async function openPlace(): Promise<Place> {
  let now = NOON
  const clock = { now: () => now }
  const ownerUrl = sharedDatabaseUrl()
  const { programUrl } = await migrate(ownerUrl)
  const owner = openDatabase(ownerUrl, clock, { poolSize: 2 })
  const database = openDatabase(programUrl, clock, { poolSize: 6 })
  const folder = mkdtempSync(join(tmpdir(), 'duecast-imports-'))
  return {
    database,
    folder,
    at: (moment) => {
      now = moment
    },
    openFirm: async (currency = 'IDR') => {
      const { workspaceId } = unwrap(await openWorkspace(owner, { name: 'Warung Sari', currency }))
      return firmOf(database, folder, workspaceId)
    },
    close: async () => {
      await Promise.all([owner.close(), database.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

function firmOf(database: Database, folder: string, workspaceId: string): Firm {
  const as = <T>(role: Role, work: (scope: Scope) => Promise<T>) =>
    database.within({ workspaceId, actor: { name: `key:${role}`, role }, requestId: 'req-1' }, work)
  const within = <T>(work: (scope: Scope) => Promise<T>) => as('owner', work)
  const house = { within, folder, takeInvoices, takePayments }
  return {
    ...house,
    as,
    upload: async (file) => {
      const { id } = unwrap(
        await as('marketer', (scope) =>
          receiveFile(scope, { fileName: 'Tagihan.xlsx', options: {}, ...file }),
        ),
      )
      await importSheet(house, id)
      return id
    },
  }
}
